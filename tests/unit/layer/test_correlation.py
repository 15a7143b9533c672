from concurrent.futures import ThreadPoolExecutor

import pytest

from postkeep import correlation


@pytest.mark.parametrize(
    "value", ["C3D13FE58DE4C810", "JKJaXmPLvHcESHA=", "e4b46cbf-b738-4880-8880-a18cdf61200e", "retry-1", "a" * 128]
)
def test_ids_of_aws_and_of_ours_are_sound(value: str) -> None:
    assert correlation.sound(value) == value


@pytest.mark.parametrize("value", ["", "a" * 129, "a b", "a'b", "a\n", "\x1b[2J", "茶", "١", None, 1, ["a"]])
def test_what_can_be_no_id_is_none(value: object) -> None:
    assert correlation.sound(value) == ""


def test_what_is_sent_in_between_has_the_inner_id() -> None:
    assert correlation.current() == ""
    with correlation.caused_by("a"):
        with correlation.caused_by("b"):
            assert correlation.current() == "b"
        assert correlation.current() == "a"
    assert correlation.current() == ""


def test_it_is_left_when_the_work_fails() -> None:
    with pytest.raises(ValueError, match="x"), correlation.caused_by("a"):
        raise ValueError("x")
    assert correlation.current() == ""


def test_another_thread_has_none() -> None:
    with correlation.caused_by("a"), ThreadPoolExecutor(1) as executor:
        assert executor.submit(correlation.current).result() == ""


def test_a_new_id_names_its_cause_and_is_sound() -> None:
    assert correlation.born("retry", "1-2") == "retry-1-2"
    first, second = correlation.born("reprocess"), correlation.born("reprocess")
    assert first != second
    assert correlation.sound(first).startswith("reprocess-")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"responseElements": {"x-amz-request-id": "C3D1", "x-amz-id-2": "x"}}, "C3D1"),
        ({"responseElements": {"x-amz-request-id": "C3 D1"}}, ""),
        ({"responseElements": {"x-amz-request-id": None}}, ""),
        ({"responseElements": {}}, ""),
        ({"responseElements": None}, ""),
        ({"s3": {}}, ""),
    ],
)
def test_an_events_id_is_that_of_its_request(record: dict[str, object], expected: str) -> None:
    assert correlation.of_record(record) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"correlation_id": {"stringValue": "a-1", "dataType": "String"}}, "a-1"),
        ({"correlation_id": {"StringValue": "a-1", "DataType": "String"}}, "a-1"),
        (correlation.attributes("a-1"), "a-1"),
        ({"correlation_id": {"binaryValue": "YQ==", "dataType": "Binary"}}, ""),
        ({"correlation_id": {"stringValue": "a\n", "dataType": "String"}}, ""),
        ({"correlation_id": "a"}, ""),
        ({"other": {"stringValue": "a"}}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_messages_id_is_an_attribute(attributes: dict[str, object] | None, expected: str) -> None:
    assert correlation.of_attributes(attributes) == expected


def test_nothing_is_carried_where_there_is_no_id() -> None:
    assert correlation.attributes("") == {}
