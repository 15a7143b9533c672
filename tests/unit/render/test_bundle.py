"""Published rules as one object, and what files are held against before they are published."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from postkeep.errors import RulesInvalid
from render_post.bundle import CURRENT, LAST_VERSION, MAX_BYTES, MAX_FILES, Bundle, check, check_file, version_key
from render_post.rulebook import shipped

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEA = "hosts = ['tea.example']\n[[drop]]\nname = 'board'\nselect = ['.board']\n"
LEARNT = json.dumps({"v": 1, "groups": [{"author": "陆羽", "units": [{"fingerprint": "0f1e2d3c4b5a6978"}]}]})


def bundle(**more: Any) -> Bundle:
    return Bundle(**{"version": 7, "published": WHEN, "note": "茶", "files": {"tea.example.toml": TEA, "a.json": LEARNT}, **more})


def test_it_is_read_as_it_was_written() -> None:
    for one in (bundle(), bundle(version=LAST_VERSION, files={}, note="")):
        assert Bundle.decode(one.encode(), CURRENT) == one
    fields = json.loads(bundle().encode())
    assert fields == {
        "v": 1,
        "version": 7,
        "published": "2026-01-02T03:04:05.000Z",
        "note": "茶",
        "files": {"a.json": LEARNT, "tea.example.toml": TEA},
    }
    assert "茶".encode() in bundle().encode()


def test_a_note_may_hold_what_has_no_utf_8() -> None:
    assert Bundle.decode(bundle(note="\udc80").encode(), CURRENT).note == "\udc80"


def test_another_offset_is_the_same_instant() -> None:
    elsewhere = WHEN.astimezone(timezone(timedelta(hours=8)))
    body = bundle().encode().replace(b"2026-01-02T03:04:05.000Z", elsewhere.isoformat().encode())
    assert Bundle.decode(body, CURRENT).published == WHEN


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"version": 0}, "version 0: versions go from 1 to 9,999"),
        ({"version": 10_000}, "version 10000: versions go from 1 to 9,999"),
        ({"note": "茶" * 1_001}, "note: it has 1,001 characters; at most 1,000"),
        ({"files": {"a.json": "茶" * (MAX_BYTES // 3)}}, "the files together: they have 4,194,"),
    ],
)
def test_what_is_out_of_bounds_is_not_written(more: dict[str, Any], wrong: str) -> None:
    with pytest.raises(RulesInvalid, match=wrong):
        bundle(**more).encode()


def said(**more: Any) -> bytes:
    return json.dumps(json.loads(bundle().encode()) | more).encode()


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xff", "it is not JSON"),
        (b"[" * 200_000, "it is not JSON"),
        (b"[]", "v: this version of Postkeep reads 1"),
        (said(v=2), "v: this version"),
        (said(version="7"), "version: it is missing"),
        (said(version=True), "version: it is missing"),
        (said(version=0), "version: versions go from 1"),
        (said(version=10_000), "version: versions go from 1"),
        (said(published=1), "published: it is missing"),
        (said(published="yesterday"), "published: it is no instant"),
        (said(published="0001-01-01T00:00:00+23:00"), "published: it is no instant"),
        (said(note=None), "note: it is missing"),
        (said(files=[]), "files: it is missing"),
        (said(files={"a.toml": 1}), "files: give texts by names, at most 500"),
        (said(files={"../a.toml": ""}), "files: give texts"),
        (said(files={f"{n}.toml": "" for n in range(MAX_FILES + 1)}), "files: give texts"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, wrong: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        Bundle.decode(body, CURRENT)
    assert caught.value.name == CURRENT
    assert caught.value.detail.startswith(wrong)


def test_its_rules_stand_beside_those_that_ship() -> None:
    book = bundle().book()
    assert book.version == 7
    assert [drop.name for drop in book.of("tea.example", "").own] == ["tea.example/board"]
    assert book.of("", "陆羽").learnt == {0x0F1E2D3C4B5A6978}
    assert book.generic is shipped().generic
    assert all(book.hosts[host] == source for host, source in shipped().hosts.items())


@pytest.mark.parametrize(("name", "text"), [("a.toml", "hosts = 1"), ("a.json", "{"), ("a.toml", "# \ud800")])
def test_rules_that_cannot_be_used_are_named(name: str, text: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        bundle(files={name: text}).book()
    assert caught.value.name == name


def test_versions_are_kept_in_their_order() -> None:
    keys = [version_key(n) for n in (1, 9, 10, LAST_VERSION)]
    assert keys == sorted(keys)
    assert keys[0] == "rules/versions/000001.json"


def test_good_files_pass() -> None:
    check({})
    check({"tea.example.toml": TEA, "a.json": LEARNT, "his.toml": "authors = ['陆羽']"})
    source = check_file("tea.example.toml", TEA)
    assert source is not None
    assert source.hosts == ("tea.example",)
    assert check_file("a.json", LEARNT) is None


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("Tea.toml", TEA, "name: give it one of small letters"),
        ("茶.toml", TEA, "name: give it one of small letters"),
        ("a/b.toml", TEA, "name: give it one"),
        (".toml", TEA, "name: give it one"),
        ("a.toml\n", TEA, "name: give it one"),
        ("a.yaml", TEA, "name: give it one"),
        ("a" * 121 + ".toml", TEA, "name: give it one"),
        ("tea.tests.toml", TEA, "name: tests stay beside their rules"),
        ("generic.toml", TEA, "name: it is that of the rules for every post"),
        ("a.toml", "hosts = 1", "hosts: give a list of texts"),
        ("a.toml", "article = ['p']", "hosts or authors: "),
        ("a.toml", TEA.replace(".board", "::::"), "board: '::::' is no CSS selector"),
        ("a.toml", TEA + "paragraphs = ['(']", "board: paragraphs: '(' is no pattern"),
        ("a.toml", "#" * 65_537, "it has 65,537 bytes"),
        ("a.toml", "# \ud800", "it has no UTF-8 (character 2)"),
        ("a.json", "{}", "v: this version"),
        ("a.json", "[" * 100_000, "it is not JSON"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong_in_it(name: str, text: str, wrong: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        check({"good.toml": TEA, name: text})
    assert caught.value.name == name
    assert wrong in caught.value.detail


@pytest.mark.parametrize("field", ["hosts", "authors"])
def test_two_files_of_one_source_are_told(field: str) -> None:
    with pytest.raises(RulesInvalid, match=rf"b.toml: {field}: 'tea' has its rules in a.toml; put them into one file"):
        check({"b.toml": f"{field} = ['tea']", "a.toml": f"{field} = ['tea']"})
    check({"a.toml": f"{field} = ['tea', 'tea']"})


def test_too_many_files_are_told() -> None:
    with pytest.raises(RulesInvalid, match="there are 501; at most 500"):
        check({f"{n}.toml": f"hosts = ['{n}.example']" for n in range(MAX_FILES + 1)})
