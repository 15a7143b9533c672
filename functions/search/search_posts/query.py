"""What a search asks for, as a tree of frozen values, and how to write it down again.

The text of a node is a query that means the same: it is how an answer says what was understood.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_QUOTE = '"'
_MOMENT = timedelta(microseconds=1)
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Elements that follow each other.

    Attributes:
        text: as it was written, between the first of its elements and the last.
        in_title: whether it must stand in the title.
    """

    text: str
    in_title: bool = False

    def __str__(self) -> str:
        return ("title:" if self.in_title else "") + _quoted(self.text)


@dataclass(frozen=True, slots=True)
class Prefix:
    """A word of letters and digits that begins so; folded."""

    text: str
    in_title: bool = False

    def __str__(self) -> str:
        return ("title:" if self.in_title else "") + f"{self.text}*"


@dataclass(frozen=True, slots=True)
class Field:
    """What a post has as a whole.

    Attributes:
        name: ``author``, of which it need only be a part, ``tag``, ``category``, ``site``, or ``has``.
        value: as it was written.
    """

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}:" + (self.value if self.name in {"has", "site"} else _quoted(self.value))


@dataclass(frozen=True, slots=True)
class Dated:
    """When it was published.

    Attributes:
        name: ``before``, without the day itself, or ``after``, with it.
        moment: the beginning of the day, month or year that was named (UTC).
    """

    name: str
    moment: datetime

    def __str__(self) -> str:
        return f"{self.name}:{self.moment.date().isoformat()}"


@dataclass(frozen=True, slots=True)
class Not:
    """What must not be so."""

    node: "Node"

    def __str__(self) -> str:
        return f"-{_grouped(self.node)}"


@dataclass(frozen=True, slots=True)
class And:
    """What must all be so; two nodes at least, none of them an And."""

    nodes: tuple["Node", ...]

    def __str__(self) -> str:
        return " ".join(f"({node})" if isinstance(node, Or) else str(node) for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Or:
    """Of which one must be so; two nodes at least, none of them an Or."""

    nodes: tuple["Node", ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.nodes))


type Node = Phrase | Prefix | Field | Dated | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A search, understood.

    Attributes:
        node: what it asks for.
        notes: sentences on what was left out or read in another way than it may have been meant.
    """

    node: Node
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(self.node)

    @property
    def wanted(self) -> list[Phrase | Prefix]:
        """What to rank by and to highlight: the words that are asked for and not excluded, each once."""
        return list(dict.fromkeys(_wanted(self.node)))

    @property
    def months(self) -> tuple[str, str]:
        """The first and the last month in which what is found can have been published, such as ``2021-06``; "" where it is open.

        Posts without a date are only found where both are open. So no more than the segments of these months need be read.
        """
        nodes = self.node.nodes if isinstance(self.node, And) else (self.node,)
        dated = [node for node in nodes if isinstance(node, Dated)]
        first = max((_month(node.moment) for node in dated if node.name == "after"), default="")
        last = min((_month(max(node.moment, _EARLIEST) - _MOMENT) for node in dated if node.name == "before"), default="")
        return first, last


def _wanted(node: Node) -> Iterator[Phrase | Prefix]:
    match node:
        case Phrase() | Prefix():
            yield node
        case And(nodes) | Or(nodes):
            for each in nodes:
                yield from _wanted(each)


def _month(moment: datetime) -> str:
    return moment.date().isoformat()[:7]


def _quoted(text: str) -> str:
    return _QUOTE + text + _QUOTE


def _grouped(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or | Not) else str(node)
