"""The measurement of what functions take: real functions, as they were built, under the runtime client."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.conftest import s3_event
from postkeep_local.stack.control import BUILD, RUNTIME
from postkeep_local.stack.processes import Spawner
from postkeep_local.stack.template import BuiltTemplate
from postkeep_local.stack.worker import Environment
from sam.services import POSTS, emulator, fill
from support.built import needs_build
from support.template import ROOT

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes use"),
    needs_build,
]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(ROOT))
    power = importlib.import_module("bench.power")
    spawner = Spawner()
    with emulator("127.0.0.1", tmp_path) as endpoint:
        services = fill(endpoint, "127.0.0.1")
        common = Environment(ROOT / RUNTIME, endpoint, tmp_path, tmp_path, {})
        yield power.Bench(services, BuiltTemplate(ROOT / BUILD).functions(), common, spawner, power.variables(services))
    spawner.close()


def test_functions_are_measured_on_an_archive_that_is_filled_in(bench: Any) -> None:
    filling = importlib.import_module("bench.archive_filling")
    bench.cold("RetryFunction")
    assert bench.started["RetryFunction"].init > 0.05
    assert bench.started["RetryFunction"].peak > 20_000_000
    with bench.worker("ReconcileFunction") as reconcile, bench.worker("RetryFunction") as retry:
        filling.fill(bench.services, 30)
        assert not any(reconcile({})["counts"].values())
        bench.run(reconcile, "an archive that agrees", [{}] * 2)
        filling.due_pictures(bench.services, 3)
        assert retry({})["sent"] == 3
    found = bench.found["ReconcileFunction"]["an archive that agrees"]
    assert found.invocations == 2
    assert found.peak > 30_000_000
    assert found.lines >= 1
    assert found.log > 100
    assert found.answer == 0
    assert len(bench.messages("thumbnail")) == 3


def test_a_failure_is_no_measurement(bench: Any) -> None:
    with bench.worker("ParseFunction") as parse, pytest.raises(SystemExit, match="ParseFunction failed"):
        parse({"Records": "none"})


def test_the_largest_posts_are_taken(bench: Any) -> None:
    power = importlib.import_module("bench.power")
    for number, body in enumerate((power.largest_post(), power.worst_post())):
        assert 0.99 * power.LARGEST < len(body) <= power.LARGEST
        bench.services.s3.put_object(Bucket=POSTS, Key=f"a/_posts/{number}.md", Body=body)
        with bench.worker("ParseFunction") as parse:
            parse(s3_event(POSTS, f"a/_posts/{number}.md"))
    assert len(bench.messages("render")) == 2
