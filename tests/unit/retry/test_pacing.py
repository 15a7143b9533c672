from datetime import timedelta

import pytest

from retry_pictures.pacing import GAP, LONGEST_DELAY, Pacing, host_of
from support.template import resource, template


def test_pictures_of_one_host_take_turns_and_hosts_do_not_wait_for_each_other() -> None:
    pacing = Pacing()
    addresses = ["https://a.example/1.jpg", "http://A.example:80/2.jpg", "https://b.example/1.jpg", "https://a.example/3.jpg"]
    assert [pacing.turn(address) for address in addresses] == [timedelta(0), GAP, timedelta(0), 2 * GAP]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://user@P.Example:444/x", "p.example"),
        ("https://[::1]/x", "::1"),
        ("https://[/x", ""),
        ("https://例子.example/x", "例子.example"),
        ("https://a\u2100.example/", ""),
        ("not an address", ""),
        ("", ""),
    ],
)
def test_the_host_of_any_text(address: str, host: str) -> None:
    assert host_of(address) == host


def test_a_host_that_lets_us_wait_keeps_the_default_concurrency_busy_and_no_more() -> None:
    longest_fetch = timedelta(seconds=20)
    assert longest_fetch / GAP == template()["Parameters"]["ThumbnailConcurrency"]["Default"]


def test_a_run_is_over_when_the_next_one_begins() -> None:
    assert template()["Parameters"]["RetrySchedule"]["Default"] == f"rate({LONGEST_DELAY // timedelta(minutes=1)} minutes)"
    assert resource("RetryFunction")["Properties"]["Timeout"] < LONGEST_DELAY.total_seconds()
