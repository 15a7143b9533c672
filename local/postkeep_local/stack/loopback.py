"""What the stack's three HTTP servers have in common: the Runtime API, the invoker and the HTTP API, all of them on loopback."""

import contextlib
import logging
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LOG = logging.getLogger(__name__)


class LoopbackServer(ThreadingHTTPServer):
    """Serves on 127.0.0.1, a thread a connection."""

    daemon_threads = True
    request_queue_size = 4096
    """A burst of events comes as a burst of connections."""

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        """Start serving.

        Args:
            port: 0 for any.
            handler: handles one connection.
        """
        super().__init__(("127.0.0.1", port), handler)
        self.address = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        """Log what went wrong on a connection, unless the other side just went away."""
        if not isinstance(sys.exception(), ConnectionError):
            _LOG.exception("a request could not be handled")

    def close(self) -> None:
        """Stop serving."""
        stopping = threading.Thread(target=self.shutdown)
        stopping.start()
        # The server looks for the end twice a second, and after each connection.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.server_port), 1):
            stopping.join()
        stopping.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Handles one connection."""

    disable_nagle_algorithm = True

    def answer(self, status: int, body: bytes) -> None:
        """Answer with JSON."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: what is worth a line is logged where it is handled."""
