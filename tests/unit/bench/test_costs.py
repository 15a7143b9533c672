"""What AWS would charge: the arithmetic, by cases worked out by hand."""

import importlib
from types import ModuleType

import pytest

from support import metering
from support.template import ROOT


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("bench.costs")


def test_whatever_is_counted_has_a_price(costs: ModuleType) -> None:
    counted = {metering.READS, metering.WRITES, metering.S3_GETS, metering.S3_PUTS, metering.SQS}
    assert counted <= costs.prices().keys()


def test_each_price_says_as_of_when_and_where_it_stands(costs: ModuleType) -> None:
    for price in costs.prices().values():
        assert price.dollars >= 0
        assert price.per >= 1
        assert price.as_of or price.stored
        assert price.page.startswith("aws.amazon.com/")


def test_what_is_free_has_a_price(costs: ModuleType) -> None:
    assert costs.free().keys() <= costs.prices().keys()


def test_dollars_of_amounts(costs: ModuleType) -> None:
    found = costs.dollars({"dynamodb-write-units": 2_000_000, "s3-gigabytes": 10, "sqs-requests": 0})
    assert found == {"dynamodb-write-units": pytest.approx(1.25), "s3-gigabytes": pytest.approx(0.23), "sqs-requests": 0}
    assert costs.total({"dynamodb-write-units": 2_000_000, "s3-gigabytes": 10}) == pytest.approx(1.48)
    with pytest.raises(KeyError):
        costs.dollars({"unknown": 1})


def test_amounts_are_added_by_name_and_multiplied(costs: ModuleType) -> None:
    assert costs.added({"a": 1, "b": 2}, {"b": 3}, {}) == {"a": 1, "b": 5}
    assert costs.times({"a": 1.5}, 4) == {"a": 6}


def test_what_is_free_is_taken_off_and_no_more(costs: ModuleType) -> None:
    assert costs.after_free({"sqs-requests": 2_592_000, "dashboards": 1, "s3-gigabytes": 3}) == {
        "sqs-requests": 1_592_000,
        "dashboards": 0,
        "s3-gigabytes": 3,
    }


def test_a_function_computes_at_its_memorys_share_and_waits_at_full_length(costs: ModuleType) -> None:
    # Half of a processor: 10 ms become 20; five calls of 8 ms are 40; and 100 ms for another.
    assert costs.duration(1769 / 2, 0.010, 5, 0.1) == pytest.approx(0.160)


def test_more_memory_than_a_processor_needs_computes_no_faster(costs: ModuleType) -> None:
    assert costs.duration(3538, 1.0, 0) == costs.duration(1769, 1.0, 0) == 1.0


def test_running_is_charged_by_memory_and_time_and_disk_beyond_what_is_free(costs: ModuleType) -> None:
    assert costs.running(512, 10, 3) == {"lambda-requests": 3, "lambda-gigabyte-seconds": 5}
    assert costs.running(512, 10, 3, disk=512) == costs.running(512, 10, 3)
    assert costs.running(512, 10, 3, disk=1536)["lambda-disk-gigabyte-seconds"] == 10
