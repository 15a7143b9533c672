"""The hosts of a soak's pictures: one that answers as it should, and one that does not, by the first part of the path.

``fine`` and ``slow`` are pictures, the latter after a moment; ``moved`` leads to one; ``gone`` is not there; ``page`` is
something else; ``busy`` asks to come again later; ``broken`` ends the connection.
"""

import io
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from bench.soak_posts import HOST
from PIL import Image

OUTCOMES: Mapping[str, str] = {
    "fine": "ready",
    "slow": "ready",
    "moved": "ready",
    "gone": "failed",
    "page": "failed",
    "busy": "waiting",
    "broken": "waiting",
}
"""What must become of a picture of each kind, as the API names it."""

_SLOW_SECONDS = 0.5


def outcome(address: str) -> str:
    """What must become of the picture at an address: other hosts than ours are not asked, and what is no web address fails."""
    if not address.startswith(("http://", "https://")):
        return "failed"
    parts = urlsplit(address)
    return OUTCOMES[parts.path.split("/")[1]] if parts.hostname == HOST else "skipped"


@cache
def picture(number: int) -> bytes:
    """A PNG; the same number gives the same one."""
    width, height = 200 + 60 * number, 150 + 40 * number
    made = Image.linear_gradient("L").resize((width, height))
    layers = (made, made.rotate(90), Image.new("L", (width, height), number * 20 % 256))
    file = io.BytesIO()
    Image.merge("RGB", layers).save(file, "PNG")
    return file.getvalue()


class _Requests(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a request to arrive

    def do_GET(self) -> None:
        kind, _, name = urlsplit(self.path).path.strip("/").partition("/")
        number = int(name.partition(".")[0])
        match kind:
            case "slow":
                time.sleep(_SLOW_SECONDS)
                self._answer(HTTPStatus.OK, "image/png", picture(number))
            case "fine":
                self._answer(HTTPStatus.OK, "image/png", picture(number))
            case "moved":
                self._answer(HTTPStatus.FOUND, "text/plain", b"", Location=f"https://{HOST}/fine/{number}.png")
            case "page":
                self._answer(HTTPStatus.OK, "text/html", b"<!DOCTYPE html><title>No picture</title><p>Nothing to see here.")
            case "busy":
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"later", **{"Retry-After": "86400"})
            case "broken":
                self.close_connection = True
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"gone")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes, **fields: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **fields}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: who asks may be killed at any time."""


@contextmanager
def serve() -> Iterator[str]:
    """Serve until the context ends; gives the server's address, such as ``http://127.0.0.1:40123``."""
    with _Server(("127.0.0.1", 0), _Requests) as server:
        thread = threading.Thread(target=server.serve_forever, name="pictures", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
