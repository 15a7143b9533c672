"""The process behind :mod:`postkeep_local.stack.faults`: ``python -m postkeep_local.stack.fault_proxy UPSTREAM PORT RULES SEED``.

microburst decides which request fails and answers in AWS's own words. Its forwarding is replaced here: release 0.10.0 drops
Content-Length (so that GetObject tells no size), rewrites percent-encodings, takes no line feed in a key, and cannot lose an
answer whose body is empty.
"""

import io
import json
import logging
import random
import sys
from typing import Any

import aiohttp
from aiohttp import hdrs, web
from microburst.control import CONTROL_PREFIX  # type: ignore[import-untyped]
from microburst.core.pipeline import Microburst  # type: ignore[import-untyped]
from microburst.forward import Upstream  # type: ignore[import-untyped]
from multidict import CIMultiDict
from yarl import URL

_BODY_LIMIT = 64 * 1024**2
"""More than any request of the functions: a post has 16 MB at most, a transaction 4 MB."""

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"})
"""RFC 9110, 7.6.1; and Expect, which this proxy has answered itself."""

_ADDED = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.USER_AGENT, hdrs.CONTENT_TYPE)
"""What aiohttp would add to a request that lacks it."""


class Relay(Upstream):  # type: ignore[misc]
    """Passes requests and answers on byte for byte."""

    async def start(self) -> None:
        """Make the client, with a connection a request: a kept one may be closed under a request, which no rule asked for."""
        self.session = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            skip_auto_headers=_ADDED,
            timeout=aiohttp.ClientTimeout(total=120),
        )

    async def relay(
        self, request: web.Request, body: bytes | None, mutator: Any = None, data: object = None
    ) -> web.StreamResponse:
        """Forward a request and give the answer, or lose it where a rule says so.

        Args:
            request: the functions'.
            body: what microburst has read of it already; None if nothing.
            mutator: the rule's ``response``; of it, ``abort_bytes: 0`` is known here: the answer is lost.
            data: not used; no rule here changes uploads.
        """
        del data
        content = await request.read() if body is None else body
        try:
            async with self.session.request(
                request.method,
                URL(self.base_url + request.raw_path, encoded=True),
                headers=_passed_on(request.headers),
                data=io.BytesIO(content) if content else None,  # aiohttp warns of large bytes
                allow_redirects=False,
            ) as answer:
                received = await answer.read()
        except aiohttp.ClientError as error:
            return web.Response(status=502, text=f"the emulator does not answer: {error}")
        if mutator is not None and request.transport is not None:
            request.transport.abort()
        headers = _passed_on(answer.headers)
        return web.Response(status=answer.status, reason=answer.reason, headers=headers, body=received or None)


def _passed_on(headers: Any) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP)


def application(upstream: str, rules: list[dict[str, Any]], seed: int) -> web.Application:
    """The proxy.

    Args:
        upstream: the emulator's address.
        rules: microburst's.
        seed: of its draws.
    """
    random.seed(seed)  # microburst draws from the module's own generator
    proxy = Microburst(upstream, rules=rules, resign=False, fired_capacity=1)
    proxy.upstream = Relay(upstream, stats=proxy.stats)
    made = web.Application(client_max_size=_BODY_LIMIT)
    made.on_startup.append(proxy.start)
    made.on_cleanup.append(proxy.stop)
    made.router.add_route("*", CONTROL_PREFIX + "/{tail:.*}", proxy.handle_control)
    made.router.add_route("*", r"/{tail:[\s\S]*}", proxy.handle_proxy)
    return made


def main(arguments: list[str]) -> None:
    """Run as the module's docstring says, until SIGTERM."""
    upstream, port, rules, seed = arguments
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    made = application(upstream, json.loads(rules), int(seed))
    web.run_app(made, host="127.0.0.1", port=int(port), print=None, access_log=None)


if __name__ == "__main__":
    main(sys.argv[1:])
