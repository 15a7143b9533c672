import json
import time

import msgspec
import pytest

from fakes.versions import MemoryVersions
from postkeep.errors import ObjectMissing, ObjectTooLarge
from postkeep.ports import VersionContent
from query_posts.history import MAX_COMPARED, MAX_LISTED, Comparison, compare, page
from query_posts.history_views import diff_view, revision_view, unified
from support.template import ROOT

KEY = "tea/_posts/2021-06-29-雨.md"
CORPUS = ROOT.parent / "shared" / "corpus" / "dev"


def post(title: str = "茶", body: str = "<p>一。二。三。</p>", more: str = "") -> bytes:
    return f'---\ntitle: "{title}"\ndate: 2021-06-29T01:39:02Z\n{more}---\n{body}\n'.encode()


def stored(*contents: bytes | None) -> MemoryVersions:
    store = MemoryVersions()
    for content in contents:
        if content is None:
            store.delete(KEY)
        else:
            store.put(KEY, content)
    return store


def compared(*contents: bytes | None) -> Comparison:
    return compare(stored(*contents), KEY, before=None, after=None)


def changed(found: Comparison) -> list[str]:
    return [line for hunk in found.hunks for line in hunk.lines if line[0] != " "]


class Losing(MemoryVersions):
    """Each version is purged between its listing and its reading."""

    def read(self, key: str, version_id: str, *, limit: int) -> VersionContent:
        raise ObjectMissing(key, version_id)


def test_a_page_says_what_each_version_said() -> None:
    store = stored(post("一"), b"\xff", None, post("二", more="author: 陆羽\n"))
    found = page(store, KEY, after=None, limit=10)
    views = [revision_view(version, said) for version, said in found.entries]
    assert [(v.status, v.reason, v.title, v.author) for v in views] == [
        ("ok", "", "二", "陆羽"),
        ("deleted", "", None, None),
        ("rejected", "not-utf-8", None, None),
        ("ok", "", "一", ""),
    ]
    assert [view.current for view in views] == [True, False, False, False]
    assert views[0].published == "2021-06-29T01:39:02.000Z"
    assert views[2].published is None
    assert "byte 0" in views[2].detail
    assert (found.after, views[3].modified, views[3].size) == (None, "2021-06-29T01:40:00.000Z", len(post("一")))


def test_a_page_costs_a_page() -> None:
    store = stored(*(post(str(n)) for n in range(100)))
    store.put(KEY + ".md", b"")
    found = page(store, KEY, after="v60", limit=5)
    assert [said.metadata.title for _, said in found.entries if said.metadata] == ["58", "57", "56", "55", "54"]
    assert found.after == "v55"
    assert store.lists == [(KEY, 5)]
    assert sorted(store.reads) == ["v55", "v56", "v57", "v58", "v59"]


def test_a_large_version_is_listed_and_not_read() -> None:
    store = stored(post(body="x" * MAX_LISTED))
    ((version, said),) = page(store, KEY, after=None, limit=10).entries
    assert (said.status, said.reason, version.size > MAX_LISTED) == ("unread", "too-large", True)
    assert store.reads == []
    largest = post()
    ((_, said),) = page(stored(largest + b" " * (MAX_LISTED - len(largest))), KEY, after=None, limit=10).entries
    assert said.status == "ok"


def test_a_version_that_is_purged_meanwhile_is_listed_as_that() -> None:
    store = Losing()
    store.put(KEY, post())
    ((_, said),) = page(store, KEY, after=None, limit=10).entries
    assert (said.status, said.reason) == ("unread", "purged")
    with pytest.raises(ObjectMissing):
        compare(store, KEY, before=None, after=None)


def test_a_history_without_versions_is_empty_and_compares_to_nothing() -> None:
    assert page(stored(), KEY, after=None, limit=10).entries == []
    with pytest.raises(ObjectMissing) as caught:
        compare(stored(), KEY, before=None, after=None)
    assert caught.value.version_id is None


def test_a_changed_sentence_is_a_changed_line() -> None:
    found = compared(post(body="<p>一。二。三。</p><p>四。</p>"), post(body="<p>一。二！三。</p><p>四。</p>"))
    assert changed(found) == ["-二。", "+二！"]
    assert found.fields == {}
    assert unified(found, KEY) == (
        f"--- {KEY}\t2021-06-29T01:40:00.000Z\tv1\n"
        f"+++ {KEY}\t2021-06-29T01:41:00.000Z\tv2\n"
        "@@ -1,4 +1,4 @@\n <p>一。\n-二。\n+二！\n 三。</p>\n <p>四。</p>\n"
    )


def test_metadata_is_compared_field_by_field() -> None:
    found = compared(
        post("一", more="tags: [ 茶 ]\nmood: calm\nfrom: https://tea.example/1\n"),
        post("二", more="tags: [ 茶, 水 ]\nfrom: https://tea.example/1\nextra: [ 1 ]\n"),
    )
    assert found.fields == {
        "title": ("一", "二"),
        "tags": (["茶"], ["茶", "水"]),
        "extra.mood": ("calm", None),
        "extra.extra": (None, ["1"]),
    }
    assert unified(found, KEY).splitlines()[2:] == [
        "@@ -1,3 +1,3 @@",
        "-title: 一",
        "+title: 二",
        '-tags: ["茶"]',
        '+tags: ["茶", "水"]',
        "-extra.mood: calm",
        '+extra.extra: ["1"]',
    ]
    shown = json.loads(msgspec.json.encode(diff_view(found)).decode())
    assert shown["fields"][0] == {"field": "title", "from": "一", "to": "二"}
    assert shown["from"] == {"version": "v1", "modified": "2021-06-29T01:40:00.000Z", "deleted": False}
    assert shown["hunks"] == []


def test_line_ends_and_a_byte_order_mark_are_no_change() -> None:
    plain = post(body="<p>一</p>\n<p>二</p>")
    for other in (plain.replace(b"\n", b"\r\n"), plain.replace(b"\n", b"\r"), b"\xef\xbb\xbf" + plain, plain + b"\n\n"):
        found = compared(plain, other)
        assert (found.fields, found.hunks, found.breaks_alone) == ({}, [], False)
        assert unified(found, KEY) == ""


def test_rejected_files_are_compared_as_they_are_written() -> None:
    bad = b"\xef\xbb\xbf" + post().replace(b'title: "', b"title: [").replace(b"\n", b"\r\n")
    found = compared(post(), bad)
    assert changed(found) == ['-title: "茶"', '+title: [茶"']
    assert list(found.fields) == ["status", "reason", "detail"]
    assert found.fields["status"] == ("ok", "rejected")
    assert found.fields["reason"] == (None, "front-matter-invalid")


def test_what_is_no_text_is_compared_all_the_same() -> None:
    found = compared(b"a\xff\nb", b"a\xfe\nb")
    assert changed(found) == ["-a\\xff", "+a\\xfe"]


def test_breaks_between_sentences_are_told_of() -> None:
    found = compared(post(body="<p>一。二。</p>"), post(body="<p>一。\n二。</p>"))
    assert (found.hunks, found.breaks_alone) == ([], True)
    assert unified(found, KEY).startswith("\\ ")


def test_a_deletion_removes_everything() -> None:
    found = compared(post(body="一。二。"), None)
    assert changed(found) == ["-一。", "-二。"]
    assert found.fields["status"] == ("ok", "deleted")
    assert found.fields["title"] == ("茶", None)
    assert (found.after.deleted, found.before.deleted) == (True, False)
    assert "+++ /dev/null\t2021-06-29T01:41:00.000Z\tv2" in unified(found, KEY)
    assert changed(compare(stored(post(body="一。二。"), None), KEY, before="v2", after="v1")) == ["+一。", "+二。"]


def test_the_first_version_came_from_nothing() -> None:
    found = compared(post(body="一。"))
    assert (found.before.version_id, found.before.deleted, changed(found)) == (None, False, ["+一。"])
    assert unified(found, KEY).startswith("--- /dev/null\n+++ ")
    view = diff_view(found)
    assert (view.hunks[0].from_line, view.hunks[0].from_count, view.hunks[0].to_line, view.hunks[0].to_count) == (0, 0, 1, 1)


def test_a_deletion_after_a_rejected_file_shows_what_it_was() -> None:
    found = compared(b"no front matter", None)
    assert changed(found) == ["-no front matter"]
    assert found.fields["status"] == ("rejected", "deleted")


def test_any_two_versions_are_compared() -> None:
    store = stored(post("一"), post("二"), post("三"))
    assert compare(store, KEY, before="v1", after=None).fields == {"title": ("一", "三")}
    assert compare(store, KEY, before=None, after="v2").fields == {"title": ("一", "二")}
    assert compare(store, KEY, before="v3", after="v1").fields == {"title": ("三", "一")}
    assert compare(store, KEY, before="v2", after="v2").fields == {}
    for before, after in (("v9", None), (None, "v9"), ("v9", "v9")):
        with pytest.raises(ObjectMissing):
            compare(store, KEY, before=before, after=after)


def test_a_version_that_is_too_large_is_not_compared() -> None:
    large = post(body="x" * MAX_COMPARED)
    for store in (stored(large, post()), stored(post(), large)):
        with pytest.raises(ObjectTooLarge):
            compare(store, KEY, before=None, after=None)
        with pytest.raises(ObjectTooLarge):
            compare(store, KEY, before="v1", after="v2")


def test_a_stranger_can_neither_make_up_lines_nor_command_a_terminal() -> None:
    found = compared(post(body="a"), post(body="a\x1b[2J\u202eb\tc\u2028+++ d", more='"x\\n+y": "1\\n-2"\n'))
    text = unified(found, "tea/\x1b\n+k.md")
    assert "+a\\u001b[2J\\u202eb\tc\n++++ d\n" in text
    assert "--- tea/\\u001b\\u000a+k.md\t" in text
    assert "+extra.x\\u000a+y: 1\\u000a-2\n" in text


def test_lines_that_are_too_many_are_counted() -> None:
    found = compared(post(body="a\n" * 200_000 + "b"), post(body="c\n" * 200_000 + "d"))
    head = "@@ -1,200001 +1,200001 @@ replaced 200,001 lines by 200,001\n"
    assert unified(found, KEY).endswith(head)
    (hunk,) = diff_view(found).hunks
    assert (hunk.lines, hunk.compared, hunk.from_count) == ([], False, 200_001)


@pytest.mark.parametrize("unit", ["\n", "a\n", "a。", "<p>", "<a", "茶 ", '"\\', "\x01"])
@pytest.mark.parametrize("size", [MAX_COMPARED, 700_000])
def test_hostile_versions_are_compared_in_bounded_time_to_a_bounded_answer(unit: str, size: int) -> None:
    one, other = (post(body=mark + unit * ((size - 100) // len(unit.encode()) - n) + mark) for n, mark in ((0, "b"), (1, "d")))
    began = time.perf_counter()
    found = compared(one, other)
    text, shown = unified(found, KEY), msgspec.json.encode(diff_view(found)).decode()
    # Up to 0.6 s.
    assert time.perf_counter() - began < 5
    for answer in (text, shown):
        assert len(json.dumps(answer, ensure_ascii=False).encode()) < 5_500_000


@pytest.mark.parametrize("fill", ['"', "\x01", "茶", "🍵"])
def test_the_most_that_is_shown_fits_into_an_answer(fill: str) -> None:
    one, other = ("\n".join(f"{fill * 40}{mark}{n}" for n in range(6_000)) for mark in "ab")
    found = compared(post(body=one), post(body=other))
    assert found.hunks[0].lines
    for answer in (unified(found, KEY), msgspec.json.encode(diff_view(found)).decode()):
        assert len(json.dumps(answer, ensure_ascii=False).encode()) < 5_500_000


def test_real_posts_compare_line_by_line() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not there")
    files = sorted(CORPUS.rglob("*.md"), key=lambda path: path.stat().st_size)[-20:]
    for path in files:
        content = path.read_bytes()
        edited = content.decode("utf-8", "replace").replace("。", "！", 3).encode()
        found = compared(content, edited)
        assert all(hunk.compared for hunk in found.hunks), path
        assert len([line for line in changed(found) if line[0] == "-"]) <= 3, path
