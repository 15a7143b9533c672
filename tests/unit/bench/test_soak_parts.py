"""The soak's other parts that decide: what is drawn, what grows, what is excused, and what an answer must be."""

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from support.template import ROOT

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench import soak_pictures, soak_processes, soak_report, tables
from bench.soak_mishaps import Mishaps, spare
from bench.soak_posts import HOST, WEIGHTS, Plan
from bench.soak_processes import Census, Growth, Life, Sample
from bench.soak_truth import clean

from postkeep.post import Status

# ---- What is drawn ---------------------------------------------------------------------------------------------------------


def test_a_plan_knows_what_its_operations_come_to() -> None:
    plan = Plan(7, real=[b"---\ntitle: real\n---\nx"], most=10_000)
    bucket: dict[str, bytes | None] = {}
    kinds: Counter[str] = Counter()
    for _ in range(1_500):
        operation = plan.following()
        kinds[operation.kind] += 1
        assert operation.contents
        for content in operation.contents:
            bucket[operation.key] = content
    assert bucket == plan.state
    assert kinds.keys() == WEIGHTS.keys()
    assert len(set(plan.tokens)) == len(plan.tokens)
    again = Plan(7, real=plan.real, most=10_000)
    for _ in range(1_500):
        again.following()
    assert again.state == bucket, "the same seed draws the same"
    sizes = [len(content) for content in bucket.values() if content]
    assert max(sizes) > 200_000
    read = {key: clean(key, content) for key, content in list(bucket.items())[-300:]}
    assert {wanted.post.status for wanted in read.values()} == {Status.READY, Status.REJECTED, Status.DELETED}
    assert sum(len(wanted.pictures) for wanted in read.values()) > 50
    dates = {key: wanted.post.metadata.published for key, wanted in read.items() if wanted.post.status is Status.READY}
    assert all(dates.values()), "walks along a listing are told by dates"


def test_an_archive_that_is_full_grows_no_more() -> None:
    plan, kinds = Plan(5, most=60), Counter[str]()
    for _ in range(2_000):
        kinds[plan.following().kind] += 1
        live = sum(content is not None for content in plan.state.values())
        assert live <= 70, "rejected ones come and go by themselves"
        assert plan.full or live <= 60
    assert live > 40
    assert kinds["new"] > 200, "new ones still come"


# ---- What grows ------------------------------------------------------------------------------------------------------------

HOUR = 3600.0


def life(pid: int, held: Any, *, kind: str = "parse_post.handler", seconds: float = HOUR, step: float = 10.0) -> Life:
    """A process that held so many bytes and files at each second of its life."""
    samples = []
    for number in range(int(seconds / step)):
        memory, files = held(number * step)
        samples.append(Sample(number * step, memory, files, number * step / 10))
    return Life(pid, kind, pid, samples)


def grown(*lives: Life) -> Growth:
    (found,) = soak_processes.growth(lives)
    return found


def test_a_steady_process_leaks_nothing() -> None:
    found = grown(life(1, lambda at: (100_000_000 + int(at) % 7 * 1_000_000, 10 + int(at) % 3)))
    assert abs(found.per_hour) < 1_000_000
    assert found.leaks() == []


def test_growth_is_told() -> None:
    found = grown(life(1, lambda at: (100_000_000 + int(15_000_000 * at / HOUR), 10)))
    assert found.per_hour == pytest.approx(15_000_000, rel=0.01)
    (said,) = found.leaks()
    assert "MB more" in said
    assert grown(life(1, lambda at: (100_000_000 + int(8_000_000 * at / HOUR), 10))).leaks() == [], "under 10 MB"
    assert grown(life(1, lambda at: (400_000_000 + int(15_000_000 * at / HOUR), 10))).leaks() == [], "under 5%"


def test_open_files_are_told() -> None:
    found = grown(life(1, lambda at: (100_000_000, 10 + int(at / 60))))
    assert found.files_per_hour == pytest.approx(60, rel=0.05)
    assert "more open files" in found.leaks()[0]


def test_a_leak_is_seen_across_workers_that_are_replaced() -> None:
    """Each holds something else, lives for some minutes, and grows."""
    lives = [life(n, lambda at, n=n: (50_000_000 * (1 + n % 2) + int(at * 20_000), 9), seconds=300) for n in range(20)]
    assert grown(*lives).per_hour == pytest.approx(20_000 * HOUR, rel=0.05)
    steady = [life(n, lambda _, n=n: (50_000_000 + n * 5_000_000, 9), seconds=300) for n in range(20)]
    assert grown(*steady).per_hour == 0, "later ones hold more than earlier ones, and none grows"


def test_what_a_process_takes_while_it_warms_up_does_not_count() -> None:
    found = grown(life(1, lambda at: (min(90_000_000, int(at * 2_000_000)), 9), seconds=400))
    assert found.per_hour == 0
    assert soak_processes.growth([life(1, lambda _: (1, 1), seconds=60)]) == []


def test_what_a_process_takes_while_it_fills_counts_only_where_no_more_is_known() -> None:
    one = life(1, lambda at: (50_000_000 + int(min(at, 500) * 100_000), 9))
    assert grown(one).per_hour == 0
    young = life(2, lambda at: (50_000_000 + int(at * 100_000), 9), seconds=500)
    assert grown(one, young).per_hour == 0, "the older one tells"
    assert grown(young).per_hour == pytest.approx(100_000 * HOUR, rel=0.05)
    assert grown(young).leaks() == [], "50 MB of 75"
    assert grown(life(3, lambda at: (50_000_000 + int(at * 200_000), 9), seconds=500)).leaks()


def test_what_grows_with_the_archive_does_not_count() -> None:
    one = life(1, lambda at: (min(150_000_000, int(at * 60_000)), 9))
    assert soak_processes.growth([one])[0].leaks()
    assert soak_processes.growth([one], since=2_500.0)[0].leaks() == []
    assert soak_processes.growth([one], since=2 * HOUR) == []


def test_a_third_of_the_samples_may_be_far_off() -> None:
    assert grown(life(1, lambda at: (900_000_000 if int(at / 10) % 3 == 0 else 90_000_000, 9))).leaks() == []


def test_the_emulators_memory_is_its_data() -> None:
    found = grown(life(1, lambda at: (100_000_000 + int(at * 100_000), 9), kind=soak_processes.EMULATOR))
    assert found.per_hour > 100_000_000
    assert found.leaks() == []


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("/usr/bin/python -S -m awslambdaric search_posts.index_handler.handler", "search_posts.index_handler"),
        ("python -m postkeep_local.stack.fault_proxy http://127.0.0.1:1 7 [] 0", soak_processes.PROXY),
        ("python -m ministack", soak_processes.EMULATOR),
        ("python -m make_thumbnail.workshop 3 4", soak_processes.DECODER),
        ("python -I -S child.py 1 0 python", ""),
    ],
)
def test_processes_are_known_by_their_commands(command: str, kind: str) -> None:
    assert soak_processes.kind_of(command) == kind


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_census_knows_who_is_there_and_who_is_left() -> None:
    census = Census(os.getpid())
    (found,) = [one for one in census.look() if one.kind == soak_processes.SUPERVISOR]
    assert (found.pid, found.samples[0].memory > 1_000_000, found.samples[0].files > 2) == (os.getpid(), True, True)
    assert [one for one in census.left() if one.kind != "decoder"] == [found]
    assert Census(10**9).look() == []
    gone = Life(10**9, "x", 1)
    other = Life(os.getpid(), "x", -1)  # the number was given out again
    census.lives |= {(10**9, 1): gone, (os.getpid(), -1): other}
    assert [one for one in census.left() if one.kind != "decoder"] == [found]


def test_what_fills_in_the_first_minutes_is_no_leak_and_what_floods_is() -> None:
    def grown_in(seconds: float, megabytes: float, *, filled: bool) -> list[str]:
        rate = megabytes * 1e6 / seconds * 3600
        return soak_processes.Growth("x", 1, seconds, filled, 100e6, 200_000_000, rate, 10, 0).leaks()

    assert (grown_in(500, 55, filled=False), len(grown_in(500, 65, filled=False))) == ([], 1)
    assert (grown_in(500, 9, filled=True), len(grown_in(500, 11, filled=True))) == ([], 1)


def test_sizes_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"123")
    (tmp_path / "d").write_bytes(b"12")
    assert soak_processes.sizes(tmp_path) == {"a": 3, "d": 2}


# ---- What goes wrong -------------------------------------------------------------------------------------------------------


def test_the_workers_that_work_most_are_spared_in_turn() -> None:
    lives = [life(n, lambda _: (1, 1), kind=kind, seconds=100 + n) for n, kind in enumerate(("a.a", "a.a", "b.b", "b.b"))]
    for one in (lives[1], lives[2]):
        one.samples.append(Sample(999.0, 1, 1, 999.0))
    assert spare(lives, 0) == {(1, 1)}
    assert spare(lives, 1) == {(2, 2)}
    assert spare([], 0) == set()


def mishaps() -> Mishaps:
    return Mishaps(Census(0), "", (), seconds=100, calm=0, kill_every=0, outage=10, seed=1)


def test_questions_are_excused_by_what_was_in_their_way_alone() -> None:
    made = mishaps()
    assert not made.excused(0, 1000)
    made._answering.append(50.0)
    made.away = (100.0, 130.0)
    assert made.excused(49, 51)
    assert made.excused(51, 60), "it may be felt a moment later"
    assert not made.excused(53, 60)
    assert not made.excused(10, 47)
    assert made.excused(90, 101)
    assert made.excused(110, 111)
    assert made.excused(131, 135)
    assert not made.excused(133, 140)


# ---- Pictures, and figures -------------------------------------------------------------------------------------------------


def test_pictures_come_as_their_kind_says() -> None:
    with soak_pictures.serve() as address, httpx.Client(base_url=address, trust_env=False) as hosts:
        answers = {kind: hosts.get(f"/{kind}/3.png?n=1") for kind in soak_pictures.OUTCOMES if kind != "broken"}
        with pytest.raises(httpx.HTTPError):
            hosts.get("/broken/3.png")
    assert {kind: answer.status_code for kind, answer in answers.items()} == {
        "fine": 200, "slow": 200, "moved": 302, "gone": 404, "page": 200, "busy": 503
    }  # fmt: skip
    assert answers["fine"].content == soak_pictures.picture(3)
    assert answers["moved"].headers["location"] == f"https://{HOST}/fine/3.png"
    assert Image.MIME["PNG"] == answers["slow"].headers["content-type"]
    assert soak_pictures.outcome(f"https://{HOST}/page/1.png?n=2") == "failed"
    assert soak_pictures.outcome("https://other.example/fine/1.png") == "skipped"
    assert soak_pictures.outcome("archive:a/b.png") == "failed"


def test_figures_are_told() -> None:
    figures = soak_report.Figures(settings={"minutes": 3.0, "rate": 2.0, "queries": 1.0})
    figures.waited = {"quiet": {"ready": soak_report.quantiles([1.0, 2.0, 9.0]), "findable": {}}}
    figures.growth = [vars_of(grown(life(1, lambda _: (90_000_000, 9))))]
    text = soak_report.told(figures)
    assert "| put → ready, quiet | 2.00 / 9.00 / 9.00 s (3) |" in text
    assert "| put → found by search, quiet | – |" in text
    assert "| parse_post.handler | 1 | 2990 s | 90.0 MB | 90.0 MB | +0.00 MB | 9 | +0.0 |" in text
    assert soak_report.quantiles([]) == {}
    assert soak_report.quantiles([float(n) for n in range(1, 101)]) == {"number": 100, "median": 50, "p95": 95, "longest": 100}
    assert tables.aligned(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |\n"


def vars_of(growth: Growth) -> dict[str, Any]:
    return {name: getattr(growth, name) for name in growth.__slots__}
