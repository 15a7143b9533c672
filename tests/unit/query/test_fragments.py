"""As much of a fragment as there is room for."""

import pytest

from query_posts.fragments import beginning

HTML = (
    '<p>一<br>二</p>\n<blockquote>\n<p>三</p>\n</blockquote>\n<figure><img src="https://x.example/?a=1>2" alt=""></figure>'
    "\n<hr>\n尾"
)


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (0, ""),
        (12, ""),
        (13, "<p>一<br>二</p>"),
        (48, "<p>一<br>二</p>"),
        (49, "<p>一<br>二</p>\n<blockquote>\n<p>三</p>\n</blockquote>"),
        (len(HTML) - 3, HTML.removesuffix("\n<hr>\n尾")),
        (len(HTML) - 2, HTML.removesuffix("\n尾")),
        (len(HTML), HTML),
        (1000, HTML),
    ],
)
def test_whole_blocks_are_kept_as_far_as_they_fit(room: int, expected: str) -> None:
    assert beginning(HTML, room, len) == expected


def test_a_fragment_without_blocks_is_one() -> None:
    assert beginning("", 10, len) == ""
    assert beginning("尾", 10, len) == "尾"
    assert beginning("<p>never closed", 10, len) == ""


def test_a_hostile_fragment_costs_time_in_its_length() -> None:
    assert beginning("<p>" * 200_000, 100, len) == ""
    assert beginning("<a " * 200_000 + '"' * 3, 100, len) == ""
