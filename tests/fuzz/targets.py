"""The targets, by name. Each is a module of this package, which says what it gives its bytes to and what must then hold."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from support.template import ROOT

NAMES = (
    "addresses",
    "bodies",
    "cursors",
    "messages",
    "outcomes",
    "pictures",
    "posts",
    "requests",
    "rules",
    "searches",
)

FOLDER = ROOT / "tests" / "fuzz"


@dataclass(frozen=True, slots=True)
class Target:
    """A target.

    Attributes:
        name: of its module.
        check: takes an input, and fails where something does not hold.
        longest: bytes of an input.
        tokens: what its language is made of, for the fuzzer to put into inputs.
    """

    name: str
    check: Callable[[bytes], None]
    longest: int
    tokens: tuple[str, ...]

    @classmethod
    def load(cls, name: str) -> "Target":
        """Import a target, with all that it tries.

        Raises:
            KeyError: if there is none of this name.
        """
        if name not in NAMES:
            raise KeyError(name)
        module = import_module(f"fuzz.{name}")
        return cls(name, module.check, module.LONGEST, module.TOKENS)


def corpus(name: str) -> Path:
    """The inputs that a run begins with: written for it, or found by earlier runs."""
    return FOLDER / "corpus" / name


def regressions(name: str) -> Path:
    """The inputs that failed once."""
    return FOLDER / "regressions" / name


def kept(name: str) -> list[Path]:
    """All inputs of a target that the repository keeps."""
    return [file for folder in (corpus(name), regressions(name)) if folder.is_dir() for file in sorted(folder.iterdir())]
