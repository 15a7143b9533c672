"""What a request may be, before anything of it is read."""

from collections import Counter

from postkeep.web.exchange import Request
from postkeep.web.problems import Problem

MAX_ADDRESS = 8_192
"""Bytes of path and query. RFC 9110, 4.1, asks for 8,000 at least; API Gateway takes 10,240 with all header fields."""

MAX_HEADERS = 12_288
"""Bytes of all header fields: API Gateway's 10,240 bytes, and what it adds itself."""

_SHOWN = 40


def check(request: Request) -> None:
    """Let a request pass.

    Raises:
        Problem: 414 ``address-too-long``, 431 ``headers-too-large``, 400 ``parameter-repeated``.
    """
    length = _bytes(request.path) + _bytes(request.query)
    if length > MAX_ADDRESS:
        detail = f"path and query have {length:,} bytes; the limit is {MAX_ADDRESS:,}"
        raise Problem("address-too-long", detail)
    size = sum(_bytes(name) + _bytes(value) for name, value in request.headers.items())
    if size > MAX_HEADERS:
        detail = f"the header fields have {size:,} bytes; the limit is {MAX_HEADERS:,}"
        raise Problem("headers-too-large", detail)
    given = Counter(name for name, _ in request.parameters)
    for name, times in given.items():
        # API Gateway joins the values of repeated parameters by commas, which values have too.
        if times > 1:
            detail = f"`{name[:_SHOWN]}` is given {times} times; each parameter is taken once"
            raise Problem("parameter-repeated", detail)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
