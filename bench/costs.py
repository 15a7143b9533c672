"""What AWS would charge for posts, from what one post uses on average."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRICES = Path(__file__).with_name("prices.toml")

WAIT_SECONDS = 0.008
"""What a call to AWS is taken to keep a function waiting, within one region: an assumption, not a measurement."""


@dataclass(frozen=True, slots=True)
class Running:
    """What one function does for one post.

    Attributes:
        memory: the function's, in MB.
        invocations: of the function, a post; less than one where a batch holds several.
        calls: to AWS.
        cpu: in seconds of one whole processor.
    """

    memory: int
    invocations: float
    calls: float
    cpu: float


def prices() -> dict[str, Any]:
    """The list prices of ``prices.toml``."""
    return tomllib.loads(PRICES.read_text("utf-8"))


def seconds(function: Running, listed: Mapping[str, Any]) -> float:
    """How long a post keeps a function running: it waits for its calls one after another, and computes at its memory's share."""
    share: float = min(1.0, function.memory / listed["lambda"]["vcpu_megabytes"])
    return function.calls * WAIT_SECONDS + function.cpu / share


def itemise(
    amounts: Mapping[str, float], functions: Mapping[str, Running], posts: int, listed: Mapping[str, Any] | None = None
) -> dict[str, float]:
    """The cost of so many posts in dollars, by item.

    Args:
        amounts: charged quantities of one post, by the names of ``prices.toml``.
        functions: what each function does for one post, by name.
        posts: how many.
        listed: the prices; by default those of ``prices.toml``.

    Raises:
        KeyError: if an amount has no price.
    """
    listed = listed or prices()
    per_million = listed["per_million"]
    cost = {name: amount * posts * per_million[name] / 1e6 for name, amount in amounts.items()}
    requests = sum(function.invocations for function in functions.values())
    cost["lambda-requests"] = requests * posts * per_million["lambda-requests"] / 1e6
    for name, function in functions.items():
        gigabyte_seconds = seconds(function, listed) * function.memory / 1024 * posts
        cost[f"lambda-duration {name}"] = gigabyte_seconds * listed["lambda"]["gigabyte_second"]
    return cost
