"""A picture host that misbehaves as told, on loopback, and the means to take it for another host."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpcore

from make_thumbnail.fetch import Fetcher

type Script = bytes | Callable[[socket.socket], None]
"""What a host does with a request: send these bytes and hang up, or anything."""


def answer(body: bytes = b"", status: str = "200 OK", **fields: str) -> bytes:
    """An answer with its length."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{n.replace('_', '-')}: {v}" for n, v in fields.items())]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class PictureHost:
    """A web server of one answer a path, which keeps the requests that it got."""

    def __init__(self, wrap: Callable[[socket.socket], socket.socket] | None = None) -> None:
        self.scripts: dict[str, Script] = {}
        self.requests: list[str] = []
        self._wrap = wrap or (lambda connection: connection)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.closing = threading.Event()
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def field(self, name: str, request: int = -1) -> str | None:
        """A field of a request that came."""
        for line in self.requests[request].split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _listen(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, self._wrap(connection) as wrapped:
            request = b""
            while b"\r\n\r\n" not in request and (part := wrapped.recv(65_536)):
                request += part
            if not request:  # connected, and nothing said
                return
            self.requests.append(request.decode("latin-1"))
            script = self.scripts[self.requests[-1].split(" ")[1]]
            if isinstance(script, bytes):
                wrapped.sendall(script)
                # Not all of the request may have been read, and then closing at once would reset what was sent.
                wrapped.shutdown(socket.SHUT_WR)
            else:
                script(wrapped)


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody. Made once: reading the certificates of all authorities takes longer than the tests."""


def a_fetcher(picture_hosts: Mapping[str, str] | None = None, **keywords: Any) -> Fetcher:
    """A fetcher."""
    return Fetcher(picture_hosts, **{"ssl_context": NO_TLS, **keywords})


class Redialler(httpcore.NetworkBackend):
    """Takes note of each address that is dialled, and connects to a port on loopback in its stead; None refuses."""

    def __init__(self, *ports: int | None) -> None:
        self.dialled: list[tuple[str, int]] = []
        self._ports = list(ports)
        self._dialler = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        self.dialled.append((host, port))
        instead = self._ports.pop(0) if len(self._ports) > 1 else self._ports[0]
        if instead is None:
            raise httpcore.ConnectError("no route")
        return self._dialler.connect_tcp("127.0.0.1", instead, timeout)
