"""How pictures are asked for again without a host being asked for many at once."""

from collections import Counter
from datetime import timedelta
from urllib.parse import urlsplit

GAP = timedelta(seconds=5)
"""Between two pictures of one host. At a host that lets us wait the 20 s that a fetch may take, that keeps the four fetches busy
that run at the same time by default, and no more; a host that is well is not asked more often than by one slow reader."""

LONGEST_DELAY = timedelta(minutes=15)
"""The longest that SQS keeps a message back. Source: Amazon SQS API Reference, SendMessageBatch, DelaySeconds."""


class Pacing:
    """Gives pictures their turns: those of one host are :data:`GAP` apart, those of different hosts do not mind each other."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def turn(self, address: str) -> timedelta:
        """How long from now the next picture of this address's host has its turn."""
        host = host_of(address)
        turn = GAP * self._given[host]
        self._given[host] += 1
        return turn


def host_of(address: str) -> str:
    """The host that an address is asked of, in lower case; "" where it names none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
