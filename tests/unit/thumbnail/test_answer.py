from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_thumbnail.answer import media_type, retry_after

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (b"", None),
        (b"0", timedelta(0)),
        (b" 7 ", timedelta(seconds=7)),
        (b"-5", None),
        (b"1.5", None),
        (b"9" * 5_000, timedelta(seconds=10**9)),
        ("٣".encode(), None),
        (b"Thu, 01 Jan 2026 11:00:00 GMT", timedelta(0)),
        (b"Thu, 01 Jan 2026 12:00:30 -0000", timedelta(seconds=30)),
        (b"Thu, 01 Jan 2026 14:00:30 +0200", timedelta(seconds=30)),
        (b"Thu, 32 Jan 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after(value: bytes, wait: timedelta | None) -> None:
    assert retry_after(value, NOW) == wait


@given(st.one_of(st.binary(), st.from_regex(rb"[A-Z][a-z]{2}, \d{1,9} Jan \d{1,9} \d+:\d+:\d+ [+-]\d+")))
def test_any_retry_after_is_understood_or_left(value: bytes) -> None:
    wait = retry_after(value, NOW)
    assert wait is None or wait >= timedelta(0)


@pytest.mark.parametrize(
    ("value", "understood"),
    [
        (b"", ""),
        (b"image/jpeg", "image/jpeg"),
        (b"Image/JPEG", "image/jpeg"),
        (b" image/png ; charset=utf-8", "image/png"),
        (b"image/svg+xml;q=1;image/png", "image/svg+xml"),
        (b"application/vnd.ms-photo", "application/vnd.ms-photo"),
        (b"image", ""),
        (b"image/", ""),
        (b"/jpeg", ""),
        (b"image/jpeg, image/png", ""),
        (b"image /jpeg", ""),
        (b"image/<script>", ""),
        (b"image/jp\xe9g", ""),
        (b"image/\x1b[31m", ""),
        (b"image/jpeg\n", "image/jpeg"),
        (b"*/*", ""),
        (b"image/" + b"x" * 94, "image/" + "x" * 94),
        (b"image/" + b"x" * 95, ""),
        (b"image/" + b"x" * 90_000, ""),
    ],
)
def test_media_type(value: bytes, understood: str) -> None:
    assert media_type(value) == understood


@given(st.binary())
def test_any_media_type_is_short_and_plain(value: bytes) -> None:
    understood = media_type(value)
    assert len(understood) <= 100
    assert understood.isascii()
    assert understood == understood.lower()
    assert understood.isprintable()
