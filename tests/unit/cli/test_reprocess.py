"""Which posts `postkeep reprocess` takes, and what it asks for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from postkeep.messages import RenderRequest
from postkeep.post import Rendition, Status, post_id
from postkeep_local.operations.reprocess import Reprocessing, Selection
from support.posts import EPOCH, METADATA, a_post, dated

KEYS = ["oped/_posts/old.md", "oped/_posts/new.md", "oped/_posts/undated.md", "tea/_posts/a b+c%🍵.md"]
REJECTED, DELETED, PENDING = "tea/_posts/rejected.md", "tea/_posts/deleted.md", "tea/_posts/pending.md"


@pytest.fixture
def case() -> Reprocessing:
    bucket, table = MemoryBucket(), MemoryTable()
    for n, key in enumerate(KEYS):
        metadata = replace(METADATA, published=None) if "undated" in key else dated(n)
        rendition = Rendition(f"renditions/{n}", 3 + n, 1, 0)
        table.add(a_post(key, metadata=metadata, status=Status.READY, rendition=rendition, generation=n + 1))
    table.add(a_post(PENDING, metadata=replace(METADATA, tags=("水",))))
    table.add(a_post(REJECTED, status=Status.REJECTED), a_post(DELETED, status=Status.DELETED))
    for key in [*KEYS, PENDING, REJECTED, "notes.htm", "oped/_posts/new-and-not-recorded.md"]:
        bucket.put(key, b"", content_type="")
    return Reprocessing(bucket, table, MemoryQueue())


def taken(case: Reprocessing, **selection: object) -> set[str]:
    asked = list(case(Selection(**selection)))  # type: ignore[arg-type]
    keys = [key for some in asked for key in some.keys]
    assert len(keys) == len(set(keys))
    return set(keys)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, {*KEYS, PENDING}),
        ({"prefix": "oped/"}, {*KEYS[:3]}),
        ({"prefix": KEYS[3]}, {KEYS[3]}),
        ({"prefix": "none/"}, set()),
        ({"tag": "茶"}, set(KEYS)),
        ({"tag": "山"}, set(KEYS)),
        ({"tag": "水"}, {PENDING}),
        ({"tag": "none"}, set()),
        ({"since": EPOCH}, {KEYS[0], KEYS[1], KEYS[3], PENDING}),
        ({"since": EPOCH + DAY}, {KEYS[1], KEYS[3]}),
        ({"since": EPOCH + 2 * DAY, "prefix": "oped/"}, set()),
        ({"since": EPOCH + DAY, "prefix": "oped/"}, {KEYS[1]}),
        ({"since": EPOCH + DAY, "tag": "山", "prefix": "tea/"}, {KEYS[3]}),
        ({"rendered_before": 5}, {KEYS[0], KEYS[1], PENDING}),
        ({"rendered_before": 3}, {PENDING}),
        ({"rendered_before": 5, "tag": "茶"}, {KEYS[0], KEYS[1]}),
        ({"since": datetime(2100, 1, 1, tzinfo=UTC)}, set()),
    ],
)
def test_a_selection_takes_what_fits_all_of_it(case: Reprocessing, selection: dict[str, object], expected: set[str]) -> None:
    assert taken(case, **selection) == expected


@pytest.mark.parametrize("force", [False, True])
def test_each_post_is_asked_for_in_its_generation(case: Reprocessing, *, force: bool) -> None:
    keys = taken(replace(case, force=force))
    assert isinstance(case.renders, MemoryQueue)
    requests = {RenderRequest.decode(body) for body in case.renders.sent}
    assert {request.post_id for request in requests} == {post_id(key) for key in keys}
    assert RenderRequest(post_id(KEYS[2]), 3, force) in requests


def test_render_is_told_which_rules_are_known_of(case: Reprocessing) -> None:
    taken(replace(case, rules=7), prefix=KEYS[2])
    assert isinstance(case.renders, MemoryQueue)
    assert [RenderRequest.decode(body) for body in case.renders.sent] == [RenderRequest(post_id(KEYS[2]), 3, rules=7)]


def test_a_dry_run_sends_nothing(case: Reprocessing) -> None:
    assert len(taken(replace(case, dry_run=True))) == 5
    assert isinstance(case.renders, MemoryQueue)
    assert case.renders.sent == []


def test_large_archives_are_gone_through_page_by_page() -> None:
    bucket, table = MemoryBucket(), MemoryTable()
    for n in range(1100):
        table.offer(a_post(f"{n:04}.md"))
        bucket.put(f"{n:04}.md", b"", content_type="")
    for selection in (Selection(), Selection(tag="茶"), Selection(since=EPOCH)):
        asked = list(Reprocessing(bucket, table, MemoryQueue(), dry_run=True)(selection))
        assert [some.looked for some in asked] == [100] * 11
        assert len({key for some in asked for key in some.keys}) == (1100 if selection.tag != "山" else 0)
