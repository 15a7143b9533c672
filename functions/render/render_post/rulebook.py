"""All rules that hold at one time: those that ship, and those that the archive's keepers added. Loaded once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.resources import files

from render_post import rules
from render_post.learnt import NOTHING_LEARNT, Learnt
from render_post.rules import DropRule, SourceRules
from render_post.widgets import Widgets

GENERIC = "generic"
LEARNT = "learnt.json"


@dataclass(frozen=True)
class GenericRules:
    """What is dropped from any post; the same for all, so what follows from it is worked out once.

    Attributes:
        drops: the rules.
    """

    drops: tuple[DropRule, ...] = ()

    @cached_property
    def widgets(self) -> Widgets:
        """Their selectors."""
        return Widgets(self.drops)


NO_GENERIC = GenericRules()


@dataclass(frozen=True, slots=True)
class PostRules:
    """What holds for one post.

    Attributes:
        article: see :class:`SourceRules`.
        keep: likewise.
        outside: the name of the rule that drops what ``article`` leaves out.
        own: what the rules of its source and its author drop.
        generic: what is dropped from any post.
        learnt: fingerprints of repeated text, see :mod:`render_post.learnt`.
        learnt_name: the name of the rule by which that goes.
    """

    article: str = ""
    keep: str = ""
    outside: str = ""
    own: tuple[DropRule, ...] = ()
    generic: "GenericRules" = field(default_factory=lambda: NO_GENERIC)
    learnt: frozenset[int] = frozenset()
    learnt_name: str = ""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules.

    Attributes:
        generic: for every post.
        hosts: by host.
        authors: by author.
        learnt: what repeats, by author and by host.
        version: of what the archive's keepers published; 0 for nothing. See :func:`render_post.rendition.rules_number`.
    """

    generic: GenericRules = NO_GENERIC
    hosts: Mapping[str, SourceRules] = field(default_factory=dict)
    authors: Mapping[str, SourceRules] = field(default_factory=dict)
    learnt: Learnt = NOTHING_LEARNT
    version: int = 0

    def of(self, host: str, author: str) -> PostRules:
        """What holds for a post.

        Args:
            host: of its address, lower case, without ``www.``; "" for none.
            author: as its front matter names it.
        """
        found = [source for source in (self._of_host(host), self.authors.get(author)) if source]
        return PostRules(
            article=", ".join(source.article for source in found if source.article),
            keep=", ".join(source.keep for source in found if source.keep),
            outside=next((f"{source.name}/outside-article" for source in found if source.article), ""),
            own=tuple(drop for source in found for drop in source.drops),
            generic=self.generic,
            learnt=self.learnt.of(author, host),
            learnt_name=self.learnt.rule(author),
        )

    def _of_host(self, host: str) -> SourceRules | None:
        labels = host.split(".")
        for n in range(len(labels)):
            if found := self.hosts.get(".".join(labels[n:])):
                return found
        return None

    def with_files(self, found: Iterable[tuple[str, bytes]], version: int) -> "RuleBook":
        """This book with more files: one for a host or author that has rules already takes their place.

        Raises:
            RulesInvalid: if one of them cannot be used.
        """
        hosts, authors, learnt = dict(self.hosts), dict(self.authors), self.learnt
        for name, body in found:
            if name.endswith(".json"):
                learnt = learnt.joined(Learnt.read(body, name))
                continue
            source = rules.parse(body, name)
            hosts.update(dict.fromkeys(source.hosts, source))
            authors.update(dict.fromkeys(source.authors, source))
        return replace(self, hosts=hosts, authors=authors, learnt=learnt, version=version)


@cache
def shipped() -> RuleBook:
    """The rules that come with this version of Postkeep."""
    folder = files("render_post").joinpath("rules")
    generic = rules.parse(folder.joinpath("generic.toml").read_bytes(), "generic.toml")
    sources = sorted((entry for entry in folder.joinpath("sources").iterdir() if _is_rules(entry.name)), key=lambda e: e.name)
    book = RuleBook(generic=GenericRules(generic.drops))
    found = [(entry.name, entry.read_bytes()) for entry in sources]
    if (learnt := folder.joinpath(LEARNT)).is_file():
        found.append((LEARNT, learnt.read_bytes()))
    return book.with_files(found, version=0)


@cache
def generic_only() -> RuleBook:
    """The rules for sources that nobody wrote rules for."""
    return RuleBook(generic=shipped().generic)


def _is_rules(name: str) -> bool:
    return name.endswith(".toml") and not name.endswith(".tests.toml")
