import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.post import SUFFIXES, PictureStatus, Thumbnail, archive_of, edition, is_post_key, pad_sequencer, picture_id, post_id
from render_post.rendition import VERSIONS
from support.template import resource


@given(st.text(max_size=300))
def test_an_id_fits_urls_whatever_the_key(key: str) -> None:
    found = post_id(key)
    assert len(found) == 26
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert post_id(key) == found


@given(st.text(), st.text())
def test_different_keys_are_different_posts(one: str, other: str) -> None:
    assert (post_id(one) == post_id(other)) == (one == other)


def test_ids_never_change() -> None:
    # They are in other people's links and in every index.
    assert post_id("tea/_posts/2021-06-29-雨.md") == "5wadyyzitsxocyie5yvaegqhpa"
    assert picture_id("https://pictures.example/1.jpg") == "5lw7pa54wult3mipbli27cn64y"


def test_later_editions_sort_after_earlier_ones_and_those_of_the_old_form_first() -> None:
    numbers = [
        (1, 1),
        (1, 2),
        (1, 2 * VERSIONS),
        (1, 2 * VERSIONS + 3),
        (1, 3 * VERSIONS - 1),
        (1, 3 * VERSIONS),
        (1, 10 * VERSIONS),
    ]
    editions = [edition(*one) for one in [*numbers, (2, 1), (2, 2 * VERSIONS), (10, 1)]]
    # Old records, renditions and pictures are named so.
    assert editions[1] == "00000001-0002"
    assert editions[3] == "00000001-00020003"
    for ending in ("", ".json", "#picture"):
        keys = [one + ending for one in editions]
        assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("key", "archive"),
    [
        ("2021-01-01-a.md", ""),
        ("_posts/2021-01-01-a.md", ""),
        ("tea/_posts/a.md", "tea"),
        ("tea/archived/2021-01-01/a.md", "tea"),
        ("asia/tea/_posts/a.md", "asia/tea"),
        ("tea/green/a.md", "tea"),
        ("/a.md", ""),
    ],
)
def test_an_archive_is_the_folders_before_the_posts(key: str, archive: str) -> None:
    assert archive_of(key) == archive


@given(st.integers(0, 16**32 - 1), st.integers(0, 16**32 - 1))
def test_padded_sequencers_compare_as_numbers(one: int, other: int) -> None:
    assert (pad_sequencer(f"{one:x}") < pad_sequencer(f"{other:X}")) == (one < other)


@pytest.mark.parametrize("text", ["", "g", "0x1", " 1", "1\n", "1" * 33, "-1"])
def test_what_is_no_sequencer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a sequencer"):
        pad_sequencer(text)


def test_the_suffixes_are_those_of_the_bucket_events() -> None:
    events = resource("ParseFunction")["Properties"]["Events"].values()
    assert sorted(event["Properties"]["Filter"]["S3Key"]["Rules"][0]["Value"] for event in events) == sorted(SUFFIXES)


@pytest.mark.parametrize(("key", "is_one"), [("a.md", True), ("a.html", True), (".txt", True), ("a.MD", False), ("a.md~", False)])
def test_posts_are_told_by_their_suffix(key: str, is_one: bool) -> None:
    assert is_post_key(key) is is_one


def test_a_thumbnail_lies_under_its_name() -> None:
    thumbnail = Thumbnail("ab-1/640.jpeg", 1, 1, 1)
    assert (thumbnail.object_key, thumbnail.format) == ("thumbnails/ab-1/640.jpeg", "jpeg")


def test_a_picture_that_was_done_is_ready() -> None:
    assert PictureStatus("done") is PictureStatus.READY
    with pytest.raises(ValueError, match="lost"):
        PictureStatus("lost")
