"""The HTTP API on loopback: API Gateway's part between a client and the query function."""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence

from postkeep_local.stack import http_event
from postkeep_local.stack.errors import Busy
from postkeep_local.stack.http_event import MAX_REQUEST, Request, Response, message
from postkeep_local.stack.invocation import Invocation
from postkeep_local.stack.loopback import Handler, LoopbackServer
from postkeep_local.stack.template import Route
from postkeep_local.stack.worker import Runner

_LOG = logging.getLogger(__name__)

_PATIENCE = 30.0
"""An HTTP API waits 30 s for its integration; a request that finds no free worker in that time is refused."""

_MAX_EVENT = 6 * 1024 * 1024
"""Lambda's quota for a synchronous event, in bytes."""


class HttpApi:
    """Serves the template's routes."""

    def __init__(self, port: int, routes: Sequence[Route], pools: Mapping[str, Runner]) -> None:
        """Start serving.

        Args:
            port: on loopback.
            routes: the API's routes.
            pools: the workers, by the function's logical id.
        """
        self._routes = routes
        self._pools = pools
        self._server = LoopbackServer(port, type("_Bound", (_Requests,), {"owner": self}))
        self.address = self._server.address

    def answer(self, request: Request) -> Response:
        """Answer a request. Never raises: every end is a response."""
        found = http_event.match(self._routes, request.method, request.path)
        if found is None:
            return message(404, "Not Found")
        route, parameters = found
        payload = json.dumps(http_event.event(request, route, parameters), ensure_ascii=False).encode(errors="replace")
        if len(payload) > _MAX_EVENT:
            return message(413, "Request Entity Too Large")
        try:
            outcome = self._pools[route.function].invoke(Invocation(payload), patience=_PATIENCE)
        except Busy:
            return message(503, "Service Unavailable")
        if outcome.failed:
            _LOG.error("%s failed: %.300s", route.function, outcome.payload.decode(errors="replace"))
            return message(500, "Internal Server Error")
        return http_event.response(outcome.value())

    def close(self) -> None:
        """Stop serving."""
        self._server.close()


_BYTE = re.compile("[\x80-\xff]")


class _Requests(Handler):
    owner: HttpApi
    protocol_version = "HTTP/1.1"
    server_version = "postkeep-local"
    sys_version = ""
    timeout = 60

    def _serve(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if length < 0 or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # what follows cannot be told apart from the next request
            self._send(message(400 if length < 0 else 411, "Bad Request" if length < 0 else "Length Required"))
        elif length > MAX_REQUEST:
            self.close_connection = True
            self._send(message(413, "Request Entity Too Large"))
        else:
            body = self.rfile.read(length)
            source = str(self.client_address[0])
            # Terminals and browsers' address lines send characters as they are; the base class reads each byte as one.
            target = _BYTE.sub(lambda match: f"%{ord(match[0]):02X}", self.path)
            self._send(self.owner.answer(Request(self.command, target, list(self.headers.items()), body, source)))

    def __getattr__(self, name: str) -> Callable[[], None]:
        # The base class calls do_ and the method's name: the function is asked whatever it is, as by a route for ANY.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value.encode().decode("latin-1"))
        self.send_header("content-length", str(len(response.body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
