"""The bills: their arithmetic by hand, and that they grow as what they are of."""

import importlib
from types import ModuleType
from typing import Any

import pytest

from support.template import ROOT


@pytest.fixture
def bills(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("bench.bills")


@pytest.fixture
def measured(bills: ModuleType) -> dict[str, Any]:
    counting = importlib.import_module("bench.counting")
    found: dict[str, Any] = counting.read(ROOT / "bench" / "measured.json")
    return found


@pytest.fixture
def recorded(bills: ModuleType, measured: dict[str, Any]) -> Any:
    return bills.Bills(measured)


def invented(bills: ModuleType) -> Any:
    """A world of round figures, in which each function has a whole processor and a gigabyte."""
    one = {"cpu": 0.5, "peak": 1, "log": 124.0, "lines": 1.0, "answer": 1_000.0}
    found = {
        "ParseFunction": {"a post": one},
        "RenderFunction": {"5 posts": one},
        "IndexFunction": {"100 posts": one, "a post": one, "a post, and the largest merge": {**one, "cpu": 100.5}},
        "QueryFunction": dict.fromkeys(bills.MIX, one),
        "SearchFunction": {"a search": one},
        "ThumbnailFunction": {"0.5 MP JPEG": one, "0.5 MP JPEG, with AVIF": one},
        "CountFunction": {"nothing new": one, "everything anew": {**one, "cpu": 10.0}},
        "RetryFunction": {"nothing due": one},
        "ReconcileFunction": {"a small archive that agrees": one, "an archive that agrees": {**one, "cpu": 2.5}},
    }
    used = {
        "amounts": {"sqs-requests": 3.0},
        "calls": {"parse": 0, "render": 0, "index": 0},
        "invocations": {"parse": 1.0, "render": 0.2, "index": 0.01},
        "stored": {"texts": 100.0, "table": 10.0},
    }
    kinds = {"text": {"new": used, "deleted": used}, "pictures": {"new": used}}
    run = {size: {"amounts": {"s3-get-requests": amount}, "calls": 0, "cpu": 0.0, "kept": 0} for size, amount in SIZES.items()}
    return bills.Bills(
        {
            "profile": {"bytes": 1_000.0, "share_with_pictures": 0.5, "pictures": 2.0},
            "packages": 0,
            "power": {
                "records": 1_000,
                "merged": 300,
                "started": {name: {"init": 2.0, "peak": 1} for name in found},
                "found": found,
            },
            "ingest": {"at once": kinds, "one by one": kinds},
            "pictures": {"usual": {"calls": 0, "amounts": {}, "fetched": 1, "written": 50}},
            "queries": {"a post": {size: {"calls": 0, "amounts": {"dynamodb-read-units": 0.5}} for size in SIZES}},
            "scheduled": {
                "reconcile": run,
                "count, nothing": run,
                "count, a change": run,
                "count, everything": {**run, "50000": {**run["50000"], "cpu": 50_000 * 49_000.0 / 1e6}},
                "retry, nothing": {"amounts": {"dynamodb-read-units": 1.0}, "calls": 0},
            },
            "indexes": {size: {"bytes": 1e6 * n, "segments": 3, "warm": {"gets": 1}} for n, size in enumerate(SIZES, 1)},
        },
        lambda _: 1769.0,
    )


SIZES = {"1000": 10.0, "50000": 500.0}
GIGABYTES = 1769 / 1024


def test_a_post_is_charged_for_each_functions_part(bills: ModuleType) -> None:
    found = invented(bills).post("text")
    assert found["sqs-requests"] == 3
    assert found["s3-put-requests"] == 1
    assert found["lambda-requests"] == pytest.approx(1 + 0.2 + 0.01)
    # Half a second of parse; a fifth of that of render; a hundredth of index, and three merges of 100 s for 300 posts.
    assert found["lambda-gigabyte-seconds"] == pytest.approx((0.5 + 0.1 + 0.005 + 1.0) * GIGABYTES)
    # 124 bytes of its own, 350 of Lambda's, and 26 for each of four lines.
    assert found["log-gigabytes"] == pytest.approx((124 + 350 + 4 * 26) * 1.21 / 1e9)
    assert found["traces"] == pytest.approx(1.21)


def test_a_post_that_comes_alone_meets_functions_that_start(bills: ModuleType) -> None:
    world = invented(bills)
    at_once, alone = world.post("text"), world.post("text", way="one by one")
    more = alone["lambda-gigabyte-seconds"] - at_once["lambda-gigabyte-seconds"]
    # Each starts for two seconds of a processor, and index commits for one post instead of for a hundred.
    assert more == pytest.approx(((1 + 0.2 + 0.01) * 2.0 + 0.5 - 0.005) * GIGABYTES)
    assert alone["lambda-requests"] == at_once["lambda-requests"]


def test_a_deletion_has_no_upload(bills: ModuleType) -> None:
    assert "s3-put-requests" not in invented(bills).post("text", "deleted")


def test_a_picture_waits_for_its_host(bills: ModuleType) -> None:
    assert invented(bills).picture()["lambda-gigabyte-seconds"] == pytest.approx((0.5 + bills.FETCH_SECONDS) * GIGABYTES)


def test_the_average_post_has_pictures_as_often_as_posts_have(bills: ModuleType) -> None:
    world = invented(bills)
    assert world.average("at once")["lambda-requests"] == pytest.approx(1.21 + 0.5 * 2)


def test_a_request_is_charged_with_its_answer(bills: ModuleType) -> None:
    found = invented(bills).query("a post", 1_000)
    assert found["api-requests"] == 1
    assert found["dynamodb-read-units"] == 0.5
    assert found["transfer-gigabytes"] == pytest.approx(1e-6)
    assert bills.requested(600_000)["api-requests"] == 2


@pytest.mark.parametrize(("posts", "expected"), [(1_000, 10), (50_000, 500), (25_500, 255), (1_000_000, 10_000)])
def test_figures_grow_on_a_straight_line(bills: ModuleType, posts: int, expected: float) -> None:
    assert bills.grown(SIZES, float, posts) == pytest.approx(expected)


def test_walks_over_everything_grow_with_the_archive(bills: ModuleType) -> None:
    world = invented(bills)
    assert world.walked("reconcile", 1_000) == pytest.approx(0.5 + 2.0)
    assert world.walked("reconcile", 1_000_000) == pytest.approx(0.5 + 2_000)
    # 10 ms a post, and a millionth of a second for each pair of posts.
    assert world.walked("count, everything", 1_000_000) == pytest.approx(10_000 + 1e6)
    assert world.scheduled("reconcile", 1_000_000)["lambda-requests"] == pytest.approx(2_000.5 / 900)


def test_a_run_says_how_much_of_its_time_it_takes(bills: ModuleType) -> None:
    assert invented(bills).lasting("reconcile", 100_000) == pytest.approx((0.5 + 200) / 900)


def test_a_cold_search_reads_the_index_or_what_its_disk_holds(bills: ModuleType) -> None:
    world = invented(bills)
    few, many = (world.cold_search(posts) for posts in (1_000, 1_000_000_000))
    # A manifest and three segments; 1 MB at 75 MB/s, and two seconds to start.
    assert few["s3-get-requests"] == 4
    assert few["lambda-gigabyte-seconds"] == pytest.approx((1 / 75 + 2) * GIGABYTES)
    assert many["lambda-gigabyte-seconds"] == pytest.approx((3_500 / 75 + 2) * GIGABYTES)


def test_empty_queues_are_asked_all_the_time(bills: ModuleType) -> None:
    # Five requests at once of 20 s each are 15 a minute, for each of render's two queues, thumbnail's and index's.
    charges = importlib.import_module("bench.charges")
    assert charges.mappings() == 4
    assert charges.polled() == {"sqs-requests": 4 * 15 * 60 * 24 * 30}


def test_without_a_topic_there_are_the_alarms_of_dead_letters(bills: ModuleType) -> None:
    assert bills.watching(topic=False)["alarm-metrics"] == 5
    assert bills.watching(topic=True)["alarm-metrics"] == 45


def test_what_lies_there_is_charged_by_the_gigabyte(bills: ModuleType) -> None:
    world = invented(bills)
    assert world.stored(1_000) == {
        "posts": 1e6,
        "texts": 1e5,
        "thumbnails": 5e4,
        "search index": 1e6,
        "counts": 0,
        "deployment": 0,
        "table": 1e4,
    }
    assert world.storage(1_000) == {
        "s3-gigabytes": pytest.approx(2.15e-3),
        "dynamodb-storage-gigabytes": pytest.approx(1e-5),
        "dynamodb-recovery-gigabytes": pytest.approx(1e-5),
    }


def test_schedules_run_as_often_as_the_template_says(bills: ModuleType) -> None:
    parameters = importlib.import_module("support.template").template()["Parameters"]
    said = [parameters[f"{name}Schedule"]["Default"] for name in ("Count", "Retry", "Reconcile")]
    assert said == ["rate(5 minutes)", "rate(15 minutes)", "rate(1 day)"]
    assert [24 * 60 / bills.EVERY[name] for name in ("count", "retry", "reconcile")] == [5, 15, 24 * 60]


def test_what_was_recorded_grows_with_the_archive(recorded: Any) -> None:
    costs = importlib.import_module("bench.costs")
    idle, typical = (
        [costs.total(month(posts)) for posts in (1_000, 50_000, 1_000_000)] for month in (recorded.idle, recorded.typical)
    )
    assert idle == sorted(idle)
    assert typical == sorted(typical)
    assert all(more > less for less, more in zip(idle, typical, strict=True))
    # Twice the archive lies there twice, but for what does not depend on it.
    stored = recorded.stored(200_000)["posts"]
    assert stored == pytest.approx(2 * recorded.stored(100_000)["posts"])


def test_what_was_recorded_costs_more_with_pictures_and_alone(recorded: Any) -> None:
    total = importlib.import_module("bench.costs").total
    assert total(recorded.post("text")) < total(recorded.illustrated())
    assert total(recorded.post("text")) < total(recorded.post("text", way="one by one"))
    assert total(recorded.picture()) < total(recorded.picture("with originals")) < total(recorded.picture("with AVIF"))
