"""Which rules hold for a post."""

import json
from dataclasses import replace
from importlib.resources import files

import pytest

from postkeep.errors import RulesInvalid
from render_post import rules
from render_post.learnt import Learnt
from render_post.rulebook import GenericRules, PostRules, RuleBook, generic_only, shipped
from render_post.rules import DropRule, SourceRules

SHARE = DropRule("generic/sharing", select=".share")
NULL = DropRule("generic/null", first=("null",))
RELATED = DropRule("generic/related", select=".related, .more")
GENERIC = GenericRules((SHARE, NULL, RELATED))
NEWS = SourceRules(
    "news.example", hosts=("news.example",), article=".entry", keep=".map", drops=(DropRule("news.example/a", ".a"),)
)
RIVER = SourceRules("river", authors=("河边通讯",), article="#text", keep=".chart", drops=(DropRule("river/b", ".b"),))
PLAIN = SourceRules("plain", authors=("无名",), drops=(DropRule("plain/c", ".c"),))
BOOK = RuleBook(
    generic=GENERIC,
    hosts={"news.example": NEWS},
    authors={"河边通讯": RIVER, "无名": PLAIN},
    learnt=Learnt({"河边通讯": frozenset({1})}, {"news.example": frozenset({2})}),
)


def shipped_sources() -> list[str]:
    found = (entry.name for entry in files("render_post").joinpath("rules", "sources").iterdir())
    return sorted(name for name in found if name.endswith(".toml") and not name.endswith(".tests.toml"))


@pytest.mark.parametrize("host", ["", "example", "other.example", "anews.example", "news.example.net"])
def test_nobody_wrote_rules(host: str) -> None:
    assert BOOK.of(host, "某人") == PostRules(generic=GENERIC, learnt=frozenset(), learnt_name="learnt/host")


@pytest.mark.parametrize("host", ["news.example", "m.news.example", "a.b.news.example"])
def test_rules_of_a_host_hold_below_it(host: str) -> None:
    found = BOOK.of(host, "")
    assert (found.article, found.keep, found.outside, found.own) == (".entry", ".map", "news.example/outside-article", NEWS.drops)


def test_the_nearest_host_has_the_rules() -> None:
    below = replace(NEWS, name="below", hosts=("m.news.example",))
    book = replace(BOOK, hosts={**BOOK.hosts, "m.news.example": below})
    assert book.of("m.news.example", "").outside == "below/outside-article"
    assert book.of("x.m.news.example", "").outside == "below/outside-article"
    assert book.of("n.news.example", "").outside == "news.example/outside-article"


def test_rules_of_an_author() -> None:
    found = BOOK.of("other.example", "河边通讯")
    assert found == PostRules("#text", ".chart", "river/outside-article", RIVER.drops, GENERIC, frozenset({1}), "learnt/author")


def test_rules_of_both() -> None:
    found = BOOK.of("news.example", "河边通讯")
    assert found.article == ".entry, #text"
    assert found.keep == ".map, .chart"
    assert found.outside == "news.example/outside-article"
    assert found.own == (*NEWS.drops, *RIVER.drops)
    assert (found.learnt, found.learnt_name) == (frozenset({1}), "learnt/author")


def test_what_is_learnt_of_a_host() -> None:
    found = BOOK.of("news.example", "某人")
    assert (found.learnt, found.learnt_name) == (frozenset({2}), "learnt/host")


def test_rules_without_an_article() -> None:
    found = BOOK.of("", "无名")
    assert (found.article, found.keep, found.outside, found.own) == ("", "", "", PLAIN.drops)


def test_an_author_is_named_exactly() -> None:
    assert BOOK.of("", "河边通讯 ").own == ()


def test_files_take_the_place_of_rules_of_the_same_host_and_author() -> None:
    found = BOOK.with_files(
        [
            ("mine.toml", b"hosts = ['news.example', 'new.example']\nkeep = ['.mine']"),
            ("his.toml", "authors = ['河边通讯']\nkeep = ['.his']".encode()),
        ],
        version=7,
    )
    assert found.version == 7
    assert found.generic is GENERIC
    assert found.learnt is BOOK.learnt
    assert found.of("news.example", "") == replace(BOOK.of("other.example", ""), keep=".mine", learnt=frozenset({2}))
    assert found.of("new.example", "").keep == ".mine"
    assert found.of("", "河边通讯").keep == ".his"
    assert found.of("", "无名").own == PLAIN.drops
    # The book itself is as it was.
    assert (BOOK.version, BOOK.of("news.example", "").keep) == (0, ".map")


def test_a_later_file_takes_the_place_of_an_earlier_one() -> None:
    found = RuleBook().with_files(
        [("a.toml", b"hosts = ['news.example']\nkeep = ['.a']"), ("b.toml", b"hosts = ['news.example']\nkeep = ['.b']")], 1
    )
    assert found.of("news.example", "").keep == ".b"


def test_no_files() -> None:
    assert BOOK.with_files([], 3) == replace(BOOK, version=3)


def learnt_file(host: str, *prints: int) -> bytes:
    units = [{"fingerprint": f"{one:016x}"} for one in prints]
    return json.dumps({"v": 1, "groups": [{"host": host, "units": units}]}).encode()


def test_learnt_files_are_joined() -> None:
    found = BOOK.with_files([("a.json", learnt_file("news.example", 3, 4)), ("b.json", learnt_file("new.example", 5))], 1)
    assert found.of("news.example", "").learnt == {2, 3, 4}
    assert found.of("new.example", "").learnt == {5}
    assert found.of("", "河边通讯").learnt == {1}
    assert found.hosts == BOOK.hosts


@pytest.mark.parametrize(
    ("name", "body"), [("bad.toml", b"hosts = 1"), ("bad.json", b"[]"), ("bad.json", b"{"), ("bad.toml", b"\xff")]
)
def test_a_file_that_cannot_be_used_is_named(name: str, body: bytes) -> None:
    with pytest.raises(RulesInvalid) as caught:
        BOOK.with_files([("good.toml", b"hosts = ['a']"), (name, body)], 1)
    assert caught.value.name == name


def test_there_are_shipped_rules() -> None:
    assert shipped_sources()


@pytest.mark.parametrize("name", shipped_sources())
def test_shipped_rules_can_be_used(name: str) -> None:
    source = rules.parse(files("render_post").joinpath("rules", "sources", name).read_bytes(), name)
    rules.check(source, name)
    book = shipped()
    assert all(book.hosts[host] == source for host in source.hosts)
    assert all(book.authors[author] == source for author in source.authors)


def test_shipped_generic_rules_can_be_used() -> None:
    generic = rules.parse(files("render_post").joinpath("rules", "generic.toml").read_bytes(), "generic.toml")
    assert generic == SourceRules("generic", drops=generic.drops)
    rules.check(replace(generic, hosts=("any.example",)), "generic.toml")
    assert shipped().generic.drops == generic.drops
    assert all(drop.name.startswith("generic/") for drop in generic.drops)


def test_shipped_names_are_each_given_once() -> None:
    for drops in (shipped().generic.drops, *(source.drops for source in shipped().hosts.values())):
        names = [drop.name for drop in drops]
        assert len(names) == len(set(names))


def test_shipped_is_loaded_once() -> None:
    assert shipped() is shipped()
    assert shipped().version == 0


def test_a_version_without_learnt_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render_post.rulebook.LEARNT", "no-such-file.json")
    book = shipped.__wrapped__()
    assert book.learnt == Learnt()
    assert book.hosts == shipped().hosts


def test_generic_only() -> None:
    book = generic_only()
    assert book == RuleBook(generic=shipped().generic)
    assert book is generic_only()
