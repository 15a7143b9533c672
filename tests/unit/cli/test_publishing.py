"""Publishing rules: what changes, in what order it is written, and who wins where two publish."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from fakes.memory import MemoryBucket
from postkeep.errors import ObjectChanged, ObjectTooLarge, RulesInvalid
from postkeep_local.operations.publishing import NOTHING, Change, Publishing, Standing, book_of, read_files
from render_post.bundle import CURRENT, LAST_VERSION, MAX_BYTES, Bundle, version_key
from support.posts import EPOCH

TEA = "hosts = ['tea.example']\n"
INK = "hosts = ['ink.example']\n"
BOTH = {"tea.toml": TEA, "ink.toml": INK}


@dataclass
class Archive(MemoryBucket):
    """Has something happen before a write; and may lose the answers of writes, so that botocore tries them again."""

    before: dict[str, bytes] = field(default_factory=dict)
    lossy: bool = False

    def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
        if (other := self.before.pop(key, None)) is not None:
            self.put(key, other, content_type="")
        super().swap(key, body, replacing=replacing)
        if self.lossy:
            super().swap(key, body, replacing=replacing)


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def case(archive: Archive) -> Publishing:
    return Publishing(archive, lambda: EPOCH)


def publish(case: Publishing, files: dict[str, str], note: str = "", number: int | None = None) -> Bundle:
    return case.publish(case.standing(), files, note, number)


def test_nothing_is_published_at_first(case: Publishing) -> None:
    assert case.standing() == Standing()
    assert case.standing().sound is NOTHING
    assert case.versions() == []
    assert case.version(0) is NOTHING


def test_each_publication_is_in_force_and_kept(case: Publishing, archive: Archive) -> None:
    first = publish(case, BOTH, "one")
    assert (first.version, first.published, first.note, first.files) == (1, EPOCH, "one", BOTH)
    second = publish(case, {"tea.toml": TEA}, "two")
    assert case.standing().sound == second
    assert case.versions() == [2, 1]
    assert [case.version(n) for n in (1, 2)] == [first, second]
    assert list(archive.keys("")) == [CURRENT, version_key(1), version_key(2)]
    assert archive.content_types[CURRENT] == "application/json"


def test_the_clock_is_that_of_now() -> None:
    assert abs((Publishing(MemoryBucket()).now() - datetime.now().astimezone()).total_seconds()) < 60


def test_numbers_are_never_given_again(case: Publishing, archive: Archive) -> None:
    publish(case, BOTH)
    publish(case, BOTH)
    archive.delete([CURRENT])
    assert publish(case, BOTH).version == 3
    archive.delete([version_key(3), version_key(2), version_key(1)])
    assert publish(case, BOTH).version == 4
    archive.put("rules/versions/notes.json", b"", content_type="")
    assert publish(case, BOTH, number=40).version == 40
    for number in (4, 40):
        with pytest.raises(RulesInvalid, match=rf"version {number}: it is not above 40"):
            publish(case, BOTH, number=number)


def test_after_the_last_version_nothing_is_published(case: Publishing, archive: Archive) -> None:
    publish(case, BOTH, number=LAST_VERSION)
    before = archive.count
    with pytest.raises(RulesInvalid, match="versions go from 1 to 9,999"):
        publish(case, BOTH)
    assert archive.count == before


def test_what_cannot_be_used_is_not_published(case: Publishing, archive: Archive) -> None:
    for files in ({"a.toml": "hosts = 1"}, {"a.toml": TEA, "b.toml": TEA}):
        with pytest.raises(RulesInvalid):
            publish(case, files)
    with pytest.raises(RulesInvalid, match="note"):
        publish(case, BOTH, note="茶" * 2_000)
    assert archive.count == 0


def test_whoever_publishes_by_an_old_standing_is_refused(case: Publishing) -> None:
    old = case.standing()
    first = publish(case, BOTH)
    with pytest.raises(ObjectChanged):
        case.publish(old, {"tea.toml": TEA}, "")
    assert case.standing().sound == first
    # Its number is not given again.
    assert publish(case, {}).version == 3


@pytest.mark.parametrize("key", [CURRENT, version_key(1)])
def test_of_two_that_publish_at_once_one_is_refused(case: Publishing, archive: Archive, key: str) -> None:
    archive.before[key] = other = Bundle(version=1, published=EPOCH, note="other").encode()
    with pytest.raises(ObjectChanged):
        publish(case, BOTH)
    assert archive.get(key, limit=MAX_BYTES).body == other
    assert case.standing().bundle.files == {}


def test_a_write_whose_answer_was_lost_is_no_other_publication(case: Publishing, archive: Archive) -> None:
    archive.lossy = True
    for _ in range(2):
        made = publish(case, BOTH)
        assert case.standing().sound == made


def test_a_write_that_meets_a_larger_object_is_another_publication(case: Publishing, archive: Archive) -> None:
    archive.before[CURRENT] = b" " * 10_000
    with pytest.raises(ObjectChanged):
        publish(case, BOTH)


def test_an_object_that_is_gone_is_another_publication(case: Publishing, archive: Archive) -> None:
    publish(case, BOTH)
    standing = case.standing()
    archive.delete([CURRENT])
    with pytest.raises(ObjectChanged):
        case.publish(standing, {}, "")


@pytest.mark.parametrize(("body", "error"), [(b"{", RulesInvalid), (b" " * (MAX_BYTES + 1), ObjectTooLarge)])
def test_what_is_broken_can_be_replaced_and_not_added_to(
    case: Publishing, archive: Archive, body: bytes, error: type[Exception]
) -> None:
    publish(case, BOTH)
    archive.put(CURRENT, body, content_type="")
    standing = case.standing()
    assert isinstance(standing.problem, error)
    with pytest.raises(error):
        _ = standing.sound
    with pytest.raises(error):
        case.change(standing, {"tea.toml": TEA})
    change = case.change(standing, {"tea.toml": TEA}, replace_all=True)
    assert case.publish(standing, change.files, "").version == 2
    assert case.standing().sound.files == {"tea.toml": TEA}


def test_a_version_that_is_not_there_or_broken_is_told(case: Publishing, archive: Archive) -> None:
    with pytest.raises(RulesInvalid, match="version 7: it was never published"):
        case.version(7)
    archive.put(version_key(7), b"{", content_type="")
    with pytest.raises(RulesInvalid, match=r"rules/versions/000007.json: it is not JSON"):
        case.version(7)
    archive.put(version_key(7), b" " * (MAX_BYTES + 1), content_type="")
    with pytest.raises(RulesInvalid, match="4,194,305 bytes"):
        case.version(7)


def test_files_are_added_replaced_and_removed(case: Publishing) -> None:
    publish(case, BOTH)
    standing = case.standing()
    new = {"rice.toml": "hosts = ['rice.example']"}
    assert case.change(standing, new) == Change(BOTH | new, new=("rice.toml",))
    changed = {"tea.toml": TEA + "keep = ['p']"}
    assert case.change(standing, changed) == Change(BOTH | changed, changed=("tea.toml",))
    assert case.change(standing, {}, ["ink.toml"]) == Change({"tea.toml": TEA}, removed=("ink.toml",))
    assert case.change(standing, new, replace_all=True) == Change(
        new,
        new=("rice.toml",),
        removed=(
            "ink.toml",
            "tea.toml",
        ),
    )
    assert case.change(standing, new, ["ink.toml"]) == Change({"tea.toml": TEA} | new, new=("rice.toml",), removed=("ink.toml",))
    assert not case.change(standing, {"tea.toml": TEA})
    assert not case.change(standing, BOTH, replace_all=True)


def test_files_that_cannot_go_together_are_told(case: Publishing) -> None:
    publish(case, BOTH)
    standing = case.standing()
    with pytest.raises(RulesInvalid, match=r"none.toml: it is to be removed, and is not published"):
        case.change(standing, {}, ["none.toml"])
    with pytest.raises(RulesInvalid, match=r"ink.toml: it is to be removed, and is given as well"):
        case.change(standing, {"ink.toml": INK}, ["ink.toml"])
    with pytest.raises(RulesInvalid, match=r"tea.toml: hosts: 'tea.example' has its rules in a.toml"):
        case.change(standing, {"a.toml": TEA})
    with pytest.raises(RulesInvalid, match=r"a.toml: it is not TOML"):
        case.change(standing, {"a.toml": "["})


def test_files_are_read_without_their_tests(tmp_path: Path) -> None:
    for name in ("tea.toml", "tea.tests.toml"):
        (tmp_path / name).write_text(TEA, encoding="utf-8")
    assert read_files(sorted(tmp_path.iterdir())) == {"tea.toml": TEA}
    assert book_of({"tea.toml": TEA}).hosts["tea.example"].name == "tea"
    with pytest.raises(RulesInvalid):
        book_of({"Tea.toml": TEA})


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(RulesInvalid, match=r"a.json: No such file"):
        read_files([path])
    path.write_bytes(b"\xff")
    with pytest.raises(RulesInvalid, match=r"a.json: it is not UTF-8 \(byte 0\)"):
        read_files([path])
    path.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(RulesInvalid, match=r"a.json: it has more than 4,194,304 bytes"):
        read_files([path])
    path.write_bytes(b"")
    with pytest.raises(RulesInvalid, match="two files of this name"):
        read_files([path, path])
