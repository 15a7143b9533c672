"""Content negotiation (RFC 9110, 12.5.1): which of several media types an answer has."""

import re
from collections.abc import Mapping, Sequence

from postkeep.web.problems import Problem

_QUALITY = re.compile(r"\s*q=([01](?:\.\d{0,3})?)\s*")


def preferred(accept: str | None, offers: Sequence[str]) -> str | None:
    """The offer that an Accept header likes best (RFC 9110, 12.5.1); the first of equals; None where it accepts none.

    Args:
        accept: the header's value; None or "" accepts everything.
        offers: media types such as ``text/plain``, the server's favourite first.
    """
    if accept is None or not accept.strip():
        return offers[0]
    ranges = [_media_range(entry) for entry in accept.split(",")[:50]]
    best, quality = None, 0.0
    for offer in offers:
        # The most specific range that covers the offer says its quality.
        covering = [(len(kind.rstrip("*")), q) for kind, q in ranges if offer == kind or _covers(kind, offer)]
        liked = max(covering, default=(0, 0.0))[1]
        if liked > quality:
            best, quality = offer, liked
    return best


def media_type(given: str | None, accept: str | None, offers: Mapping[str, str], what: str) -> str:
    """The media type of an answer that is there in several.

    Args:
        given: the parameter ``format``, a name of an offer; it overrides the header.
        accept: the Accept header; None for none.
        offers: media types by name, the server's favourite first.
        what: what is asked for, in a word.

    Raises:
        Problem: 406 ``format-unknown``.
    """
    kind = offers[given] if given else preferred(accept, list(offers.values()))
    if kind is None:
        detail = f"the {what} is there as {' and as '.join(offers.values())}"
        raise Problem("format-unknown", detail)
    return kind


def _covers(kind: str, offer: str) -> bool:
    return kind == "*/*" or (kind.endswith("/*") and offer.startswith(kind[:-1]))


def _media_range(entry: str) -> tuple[str, float]:
    kind, *parameters = entry.split(";")
    matches = (_QUALITY.fullmatch(parameter) for parameter in parameters)
    quality = next((float(match[1]) for match in matches if match), 1.0)
    return kind.strip().lower(), min(quality, 1.0)
