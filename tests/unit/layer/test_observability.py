import ast
import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from postkeep import correlation
from postkeep.observability import knows, logger, received, working
from support.logs import Lines, captured
from support.template import ROOT


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    with captured(monkeypatch) as found:
        yield found


def message(attempt: str = "1", attributes: Any = None) -> SQSRecord:
    return SQSRecord(
        {
            "messageId": "m-1",
            "attributes": {"ApproximateReceiveCount": attempt},
            "messageAttributes": attributes,
            "body": "secret",
        }
    )


def test_a_piece_of_work_ends_with_one_line(lines: Lines) -> None:
    with working("render", "cause-1", failure="not rendered", attempt=2, post_id="p", key="") as work:
        knows(version="v")
        work.ends("done", "rendered", "a reason", pictures=3)
    (line,) = lines.values()
    expected = {
        "correlation_id": "cause-1",
        "step": "render",
        "attempt": 2,
        "post_id": "p",
        "version": "v",
        "outcome": "rendered",
    }
    assert line.items() >= {**expected, "reason": "a reason", "pictures": 3, "message": "done", "level": "INFO"}.items()
    assert line["duration_ms"] >= 0
    assert "key" not in line
    assert line["location"].startswith("test_a_piece_of_work_ends_with_one_line:")


def test_an_error_is_logged_and_goes_on(lines: Lines) -> None:
    with pytest.raises(ValueError, match="x"), working("render", "c", failure="not rendered"):
        raise ValueError("x")
    (line,) = lines.values()
    assert line.items() >= {"message": "not rendered", "level": "ERROR", "outcome": "failed", "reason": "ValueError"}.items()
    assert "duration_ms" in line
    assert "ValueError: x" in line["exception"]


def test_one_piece_of_work_leaves_nothing_to_the_next(lines: Lines) -> None:
    with working("a", "1", failure="f", attempt=1, post_id="p", picture_id="q"):
        knows(version="v")
    with working("b", "2", failure="f"):
        logger.info("x")
    logger.info("y")
    inside, outside = lines.values()
    assert (inside["step"], inside["correlation_id"]) == ("b", "2")
    for name in ("attempt", "post_id", "picture_id", "version"):
        assert name not in inside
    assert not {"step", "correlation_id"} & set(outside)


def test_after_an_inner_piece_lines_are_the_outer_ones_again(lines: Lines) -> None:
    with working("outer", "1", failure="f", post_id="p"):
        with working("inner", "2", failure="f", attempt=1, post_id="q"):
            assert correlation.current() == "2"
        assert correlation.current() == "1"
        logger.info("x")
    (line,) = lines.values()
    assert line.items() >= {"step": "outer", "correlation_id": "1", "post_id": "p"}.items()
    assert "attempt" not in line


def test_what_is_known_may_become_unknown(lines: Lines) -> None:
    with working("a", "1", failure="f"):
        knows(reason="bad", version="v")
        knows(reason="", version="w")
        logger.info("x")
    (line,) = lines.values()
    assert "reason" not in line
    assert line["version"] == "w"


def test_a_message_brings_its_cause_and_its_attempt(lines: Lines) -> None:
    with received("render", message("3", {"correlation_id": {"stringValue": "C3D1"}}), failure="f") as work:
        assert correlation.current() == "C3D1"
        work.ends("done", "rendered")
    (line,) = lines.values()
    assert line.items() >= {"correlation_id": "C3D1", "attempt": 3, "message_id": "m-1"}.items()
    assert "secret" not in json.dumps(line)


@pytest.mark.parametrize("attributes", [None, {}, {"correlation_id": {"stringValue": "a b"}}])
def test_a_message_of_an_earlier_version_is_its_own_cause(lines: Lines, attributes: Any) -> None:
    with received("render", message(attributes=attributes), failure="f"):
        assert correlation.current() == "message-m-1"


def test_nothing_adds_a_dimension_to_a_metric() -> None:
    """CloudWatch asks for each combination of dimensions; Powertools adds ``service`` by itself."""
    modules = [path for part in ("layers", "functions") for path in (ROOT / part).rglob("*.py")]
    assert modules
    for path in modules:
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        named = {node.func.attr for node in calls if isinstance(node.func, ast.Attribute)}
        assert not named & {"add_dimension", "set_default_dimensions", "add_dimensions"}, path
        if "add_metric" in named:
            assert path.name == "observability.py"
        for node in calls:  # a cold start's metric would have another one, the function's name
            assert not {keyword.arg for keyword in node.keywords} & {"capture_cold_start_metric", "default_dimensions"}, path
