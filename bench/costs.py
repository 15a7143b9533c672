"""List prices, and what follows from them: dollars of amounts, and how long a function runs."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

PRICES = Path(__file__).with_name("prices.toml")

WAIT_SECONDS = 0.008
"""What a call to AWS is taken to keep a function waiting, within one region: an assumption, not a measurement."""

type Amounts = Mapping[str, float]
"""Charged quantities, by the names of ``prices.toml``."""


@dataclass(frozen=True, slots=True)
class Price:
    """What AWS asks for something.

    Attributes:
        label: what it is called in tables.
        dollars: for so many of it.
        per: how many.
        page: AWS's page that has it.
        as_of: the day as of which it is taken; None where what was read has none.
        stored: what was read in that page's stead; "" for none.
    """

    label: str
    dollars: float
    per: float
    page: str
    as_of: date | None = None
    stored: str = ""

    @property
    def each(self) -> float:
        """Dollars of one."""
        return self.dollars / self.per


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(PRICES.read_text("utf-8"))


def prices() -> Mapping[str, Price]:
    """The list prices of ``prices.toml``, by name."""
    return {name: Price(**given) for name, given in _table()["price"].items()}


def constant(name: str) -> float:
    """A number of AWS's that is no price, see ``prices.toml``.

    Raises:
        KeyError: if it is not there.
    """
    return float(_table()["constants"][name])


def free() -> Amounts:
    """What a month has for nothing, for good."""
    return {name: float(amount) for name, amount in _table()["free"].items()}


def dollars(amounts: Amounts, listed: Mapping[str, Price] | None = None) -> dict[str, float]:
    """The cost of amounts, by item.

    Args:
        amounts: by the names of ``prices.toml``.
        listed: the prices; by default those of ``prices.toml``.

    Raises:
        KeyError: if an amount has no price.
    """
    listed = prices() if listed is None else listed
    return {name: amount * listed[name].each for name, amount in amounts.items()}


def total(amounts: Amounts) -> float:
    """The cost of amounts in dollars.

    Raises:
        KeyError: if an amount has no price.
    """
    return sum(dollars(amounts).values())


def after_free(amounts: Amounts) -> dict[str, float]:
    """What is left of a month's amounts after what it has for nothing."""
    return {name: max(0.0, amount - free().get(name, 0.0)) for name, amount in amounts.items()}


def added(*parts: Amounts) -> dict[str, float]:
    """Amounts together."""
    found: dict[str, float] = {}
    for part in parts:
        for name, amount in part.items():
            found[name] = found.get(name, 0.0) + amount
    return found


def times(amounts: Amounts, number: float) -> dict[str, float]:
    """So many times the amounts."""
    return {name: amount * number for name, amount in amounts.items()}


def share(memory: float) -> float:
    """The part of a processor that a function has, one at most: what is measured here runs on one thread.

    Args:
        memory: the function's, in MB.
    """
    return min(1.0, memory / constant("vcpu_megabytes"))


def duration(memory: float, cpu: float, calls: float, other: float = 0.0) -> float:
    """Seconds for which a function runs: it computes at its memory's share, and waits for its calls one after another.

    Args:
        memory: the function's, in MB.
        cpu: seconds of one whole processor.
        calls: to AWS.
        other: seconds of waiting for others than AWS, or for many bytes.
    """
    return cpu / share(memory) + calls * WAIT_SECONDS + other


def running(memory: float, seconds: float, invocations: float, disk: float = 0.0) -> dict[str, float]:
    """What Lambda charges for.

    Args:
        memory: the function's, in MB.
        seconds: all that it ran.
        invocations: of it.
        disk: ephemeral storage in MB; 0 for what there is for nothing.
    """
    beyond = max(0.0, disk - constant("free_disk_megabytes"))
    amounts = {"lambda-requests": invocations, "lambda-gigabyte-seconds": seconds * memory / 1024}
    return amounts | ({"lambda-disk-gigabyte-seconds": seconds * beyond / 1024} if beyond else {})
