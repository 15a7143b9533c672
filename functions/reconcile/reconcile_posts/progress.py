"""How far a run of reconcile is, and what it found: frozen values that are written as JSON."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

_EXAMPLES = 20
_UNMATCHED_EXAMPLES = 100
_ENDINGS = 50
_OTHERS = "others"


class Finding(StrEnum):
    """What does not agree.

    MISSING: a post object without a record, or with a tombstone for one. STALE: the record speaks of another state of the object.
    UNFINISHED: what is derived from a record has been due for too long: its message was lost, or waits in a dead-letter queue.
    ORPHANED: the record of a live post whose object is gone. TEXTLESS: a record points to a rendition that is gone.
    STRAY: a rendition that no record points to. UNMATCHED: an object that is no post by its key; no error.
    """

    MISSING = "missing"
    STALE = "stale"
    UNFINISHED = "unfinished"
    ORPHANED = "orphaned"
    TEXTLESS = "textless"
    STRAY = "stray"
    UNMATCHED = "unmatched"


class Phase(StrEnum):
    """The walks of a run, in their order."""

    RENDITIONS = "renditions"
    OBJECTS = "objects"
    RECORDS = "records"
    STRAYS = "strays"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is to do.

    Attributes:
        check_only: whether it only reports.
        everything: whether every post object counts as stale: after parse's own rules changed.
    """

    check_only: bool = False
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was found.

    Attributes:
        objects: post objects looked at.
        records: records looked at, tombstones included.
        renditions: rendition objects looked at.
        counts: by finding.
        repaired: repairs that were asked for or made.
        endings: of the objects that are no posts: how many of each ending, of the fifty that came first.
        examples: keys by finding.
    """

    objects: int = 0
    records: int = 0
    renditions: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    repaired: int = 0
    endings: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def found(self, findings: Iterable[tuple[Finding, str]]) -> Self:
        """With more findings, each with its key."""
        counts, endings, examples = dict(self.counts), dict(self.endings), dict(self.examples)
        for finding, key in findings:
            counts[finding] = counts.get(finding, 0) + 1
            if len(examples.get(finding, ())) < (_UNMATCHED_EXAMPLES if finding is Finding.UNMATCHED else _EXAMPLES):
                examples[finding] = (*examples.get(finding, ()), key)
            if finding is Finding.UNMATCHED:
                ending = ending_of(key)
                ending = ending if ending in endings or len(endings) < _ENDINGS else _OTHERS
                endings[ending] = endings.get(ending, 0) + 1
        return replace(self, counts=counts, endings=endings, examples=examples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Attributes:
        run: its id.
        order: what it is to do.
        started: when it began (UTC).
        phase: which walk it is on.
        position: the last key, or the last order in the change feed, that it has dealt with; "" at a walk's beginning.
        names: how many names each of its sets has, by the set's name.
        held_until: until when the run counts as alive (UTC).
        tally: what it found.
    """

    run: str
    order: Order
    started: datetime
    phase: Phase = Phase.RENDITIONS
    position: str = ""
    names: Mapping[str, int] = field(default_factory=dict)
    held_until: datetime
    tally: Tally = Tally()

    def encode(self) -> bytes:
        """As JSON."""
        return _json(asdict(self))

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Read what :meth:`encode` gave.

        Raises:
            ValueError, KeyError, TypeError: if it is of another form.
        """
        value: dict[str, Any] = json.loads(body)
        tally = value["tally"]
        return cls(
            run=value["run"],
            order=Order(**value["order"]),
            started=datetime.fromisoformat(value["started"]),
            phase=Phase(value["phase"]),
            position=value["position"],
            names=value["names"],
            held_until=datetime.fromisoformat(value["held_until"]),
            tally=Tally(**tally | {"examples": {name: tuple(keys) for name, keys in tally["examples"].items()}}),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found, at its end.

    Attributes:
        run: its id.
        order: what it was to do.
        started: when it began (UTC).
        finished: when it ended (UTC).
        tally: what it found.
    """

    run: str
    order: Order
    started: datetime
    finished: datetime
    tally: Tally

    def count(self, finding: Finding) -> int:
        """How many there are of a finding."""
        return self.tally.counts.get(finding, 0)

    def values(self) -> dict[str, Any]:
        """As JSON values."""
        value = {"run": self.run, "started": self.started, "finished": self.finished, **asdict(self.order), **asdict(self.tally)}
        value["counts"] = {finding.value: self.count(finding) for finding in Finding}
        plain: dict[str, Any] = json.loads(_json(value))
        return plain

    def encode(self) -> bytes:
        """As JSON, for people as well."""
        return json.dumps(self.values(), indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def ending_of(key: str) -> str:
    """What a key ends with, for people: ``.htm``; ``/`` for a folder; "" where there is nothing like an ending."""
    if key.endswith("/"):
        return "/"
    name = key.rpartition("/")[2]
    dot = name.rfind(".")
    return name[dot : dot + 20] if dot >= 0 else ""


def _json(value: Any) -> bytes:
    return json.dumps(value, default=datetime.isoformat).encode()
