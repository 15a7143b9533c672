import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from postkeep_local.stack.errors import Busy
from postkeep_local.stack.invocation import MAX_RESPONSE, Invocation, Outcome
from postkeep_local.stack.processes import Spawner
from postkeep_local.stack.worker import Environment, Function, Pool

type MakePool = Callable[..., Pool]

_ALL_KINDS = """
import os, sys, time

calls = 0

def handler(event, context):
    global calls
    calls += 1
    match event["do"]:
        case "answer": return {"calls": calls, "pid": os.getpid(), "event": event}
        case "raise": raise ValueError("no such tea")
        case "exit": os._exit(event["status"])
        case "kill": os.kill(os.getpid(), 9)
        case "sleep": time.sleep(event["seconds"])
        case "long": return "x" * event["length"]
        case "allocate": return len(bytearray(event["bytes"]))
        case "unserializable": return object()
        case "environment": return dict(os.environ)
        case "path": return sys.path
        case "context": return [context.function_name, context.aws_request_id, context.invoked_function_arn,
                                context.memory_limit_in_mb, context.get_remaining_time_in_millis()]
        case "print": print(event["text"], file=sys.stderr)
        case "modules": return "pytest" in sys.modules or __import__("importlib.util").util.find_spec("pytest") is not None
"""


def _invoke(pool: Pool, **event: Any) -> Outcome:
    return pool.invoke(Invocation(json.dumps(event).encode(), "1-2-3"), patience=30)


def test_a_process_is_used_again_while_it_behaves(make_pool: MakePool) -> None:
    pool = make_pool(_ALL_KINDS)

    first = _invoke(pool, do="answer", note="雨").value()
    assert first["calls"] == 1
    assert first["event"] == {"do": "answer", "note": "雨"}

    failed = _invoke(pool, do="raise")
    assert failed.failed
    assert failed.value()["errorType"] == "ValueError"
    assert failed.value()["errorMessage"] == "no such tea"
    assert failed.value()["stackTrace"]

    second = _invoke(pool, do="answer").value()
    assert (second["calls"], second["pid"]) == (3, first["pid"])


def test_a_function_runs_where_the_runtime_clients_extension_does_not_build(
    make_function: Callable[..., Function], common: Environment, spawner: Spawner, tmp_path: Path
) -> None:
    pure = tmp_path / "pure"
    pure.mkdir()
    for name in ("awslambdaric", "simplejson", "snapshot_restore_py.py"):
        (pure / name).symlink_to(common.runtime / name)
    pool = Pool(make_function(_ALL_KINDS), replace(common, runtime=pure), spawner, 1)
    try:
        assert any(path.endswith("portable") for path in _invoke(pool, do="path").value())
        assert _invoke(pool, do="answer", note="雨").value()["event"] == {"do": "answer", "note": "雨"}
        failed = _invoke(pool, do="raise")
        assert (failed.value()["errorType"], failed.value()["errorMessage"]) == ("ValueError", "no such tea")
        assert _invoke(pool, do="answer").value()["calls"] == 4
    finally:
        pool.close()


def test_what_a_function_is_told(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "x")
    pool = make_pool(_ALL_KINDS, timeout=20)

    told = _invoke(pool, do="environment").value()
    assert told["COLOUR"] == "green"
    assert told["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert told["AWS_LAMBDA_FUNCTION_NAME"] == "postkeep-Toy"
    assert "SECRET_OF_THE_USER" not in told
    assert "POSTKEEP_PICTURE_HOSTS" not in told

    name, request_id, arn, memory, remaining = _invoke(pool, do="context").value()
    assert (name, request_id, memory) == ("postkeep-Toy", "1-2-3", "256")
    assert arn.endswith(":function:postkeep-Toy")
    assert 0 < remaining <= 20_000


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the development environment stands in for the built wheels")
def test_the_development_environment_is_out_of_reach(
    make_function: Callable[..., Function], common: Environment, tmp_path: Path
) -> None:
    function = make_function(_ALL_KINDS)
    path = function.environment(common)["PYTHONPATH"].split(":")
    assert path[:-1] == [str(tmp_path / "code"), str(common.runtime)]
    assert [file.name for file in Path(path[-1]).glob("*.py")] == ["runtime_client.py"]


def test_picture_hosts_are_told_where_there_are_some(make_function: Callable[..., Function], tmp_path: Path) -> None:
    common = Environment(tmp_path, "http://127.0.0.1:1", tmp_path, tmp_path, {"pictures.example": "http://127.0.0.1:8000"})
    told = make_function("").environment(common)
    assert json.loads(told["POSTKEEP_PICTURE_HOSTS"]) == {"pictures.example": "http://127.0.0.1:8000"}
    assert told["PYTHONDONTWRITEBYTECODE"] == "1"


@pytest.mark.parametrize(
    ("event", "kind", "words"),
    [
        ({"do": "exit", "status": 0}, "Runtime.ExitError", "Runtime exited without providing a reason"),
        ({"do": "exit", "status": 3}, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ({"do": "kill"}, "Runtime.ExitError", "Runtime exited with error: signal: 9"),
        ({"do": "sleep", "seconds": 60}, "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ],
)
def test_a_lost_process_is_an_error_of_lambdas_own_shape_and_is_replaced(
    make_pool: MakePool, event: dict[str, Any], kind: str, words: str
) -> None:
    pool = make_pool(_ALL_KINDS, timeout=1)

    outcome = _invoke(pool, **event)
    assert outcome.failed
    assert outcome.value() == {"errorType": kind, "errorMessage": f"RequestId: 1-2-3 Error: {words}"}

    assert _invoke(pool, do="answer").value()["calls"] == 1


def test_a_response_that_is_too_long_is_an_error_and_costs_no_process(make_pool: MakePool) -> None:
    pool = make_pool(_ALL_KINDS)

    assert len(_invoke(pool, do="long", length=MAX_RESPONSE - 2).payload) == MAX_RESPONSE
    outcome = _invoke(pool, do="long", length=MAX_RESPONSE)
    assert outcome.failed
    assert outcome.value()["errorType"] == "Function.ResponseSizeTooLarge"

    assert _invoke(pool, do="answer").value()["calls"] == 3


def test_a_response_that_is_no_json_is_an_error(make_pool: MakePool) -> None:
    outcome = _invoke(make_pool(_ALL_KINDS), do="unserializable")
    assert outcome.failed
    assert outcome.value()["errorType"] == "Runtime.MarshalError"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_DATA")
def test_memory_is_capped(make_pool: MakePool) -> None:
    pool = make_pool(_ALL_KINDS, memory=256)
    assert _invoke(pool, do="allocate", bytes=200 * 1024 * 1024).value() == 200 * 1024 * 1024
    outcome = _invoke(pool, do="allocate", bytes=500 * 1024 * 1024)
    assert outcome.failed
    assert outcome.value()["errorType"] == "MemoryError"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import no_such_package\ndef handler(event, context): pass", "Runtime.ImportModuleError"),
        ("def another(event, context): pass", "Runtime.HandlerNotFound"),
        ("def handler(:", "Runtime.UserCodeSyntaxError"),
        ("raise ValueError('at import')", "ValueError"),
        ("import os\nos._exit(7)", "Runtime.ExitError"),
    ],
)
def test_a_function_that_cannot_be_imported_tells_why_each_time(make_pool: MakePool, source: str, kind: str) -> None:
    pool = make_pool(source)
    for _ in range(2):
        outcome = _invoke(pool, do="answer")
        assert outcome.failed
        assert outcome.value()["errorType"] == kind


def test_an_import_that_never_ends_is_cut_off(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postkeep_local.stack.worker.INIT_SECONDS", 0.5)
    outcome = _invoke(make_pool("import time\ntime.sleep(60)"), do="answer")
    assert outcome.value()["errorMessage"] == "Init timed out after 0.50 seconds"


def test_output_goes_to_the_functions_log(make_pool: MakePool, common: Environment) -> None:
    pool = make_pool(_ALL_KINDS)
    _invoke(pool, do="print", text="a line 雨")
    _invoke(pool, do="exit", status=1)  # after which all that was printed has been read
    log = common.logs / "ToyFunction.log"
    arrived = threading.Event()
    for _ in range(200):
        if "a line 雨" in log.read_text():
            break
        arrived.wait(0.02)
    assert "a line 雨" in log.read_text()


def test_workers_are_bounded_and_a_caller_waits_its_turn(make_pool: MakePool, tmp_path: Path) -> None:
    source = f"""
import os, time
def handler(event, context):
    while not os.path.exists({str(tmp_path / "go")!r}):
        time.sleep(0.01)
    return os.getpid()
"""
    pool = make_pool(source, size=2)
    with ThreadPoolExecutor(6) as executor:
        running = [executor.submit(_invoke, pool) for _ in range(6)]
        with pytest.raises(Busy, match="ToyFunction"):
            pool.invoke(Invocation(b"{}"), patience=0.3)
        (tmp_path / "go").touch()
        pids = {future.result().value() for future in running}
    assert 1 <= len(pids) <= 2


def test_closing_kills_what_is_at_work(make_pool: MakePool, tmp_path: Path) -> None:
    source = f"""
import time
def handler(event, context):
    open({str(tmp_path / "started")!r}, "w").close()
    time.sleep(60)
"""
    pool = make_pool(source)
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(_invoke, pool)
        waiting = threading.Event()
        while not (tmp_path / "started").exists():
            waiting.wait(0.02)
        pool.close()
        assert running.result().value()["errorType"] == "Runtime.ExitError"
