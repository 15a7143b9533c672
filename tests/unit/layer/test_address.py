import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.address import MAX_ADDRESS, canonical, youtube_id
from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.post import is_post_key
from postkeep.values import address

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "dev"
VIDEO = "https://youtube.com/watch?v=a-b_c0d1e2f"
SLUG = quote("雨前茶，山")

IMPORTING = """
import sys
from postkeep.address import canonical
canonical("https://youtu.be/a-b_c0d1e2f")
print("w3lib" in sys.modules)
canonical("https://tea.example/")
print("w3lib" in sys.modules)
"""

SAME = {
    "scheme, host, port": [
        "https://tea.example/a",
        "http://tea.example/a",
        "HTTPS://WWW.Tea.Example.:443/a",
        "http://tea.example:80/a",
    ],
    "path": [
        "https://tea.example/a/b",
        "https://tea.example/a/b/",
        "https://tea.example/a/./c/../b//",
        "https://tea.example/%61/b",
    ],
    "root": ["https://tea.example/", "https://tea.example", "https://tea.example?", "http://tea.example/#top"],
    "percent": [f"https://tea.example/{SLUG}", f"https://tea.example/{SLUG.lower()}", "https://tea.example/雨前茶，山"],
    "twice": [
        f"https://tea.example/{SLUG}-1%25",
        f"https://tea.example/{quote(SLUG)}-1%2525",
        f"https://tea.example/{quote(quote(SLUG))}-1%25",
    ],
    "unreserved": ["https://tea.example/~a-b_c.d", "https://tea.example/%7ea%2Db%5Fc%2Ed"],
    "international": ["https://例子.example/茶", "https://xn--fsqu00a.example/%E8%8C%B6"],
    "references": [
        "https://tea.example/?a=1&b=2",
        "https://tea.example/?a=1&amp;b=2",
        "https://tea.example/?a=1&#38;amp;b=2&amp;amp;",
    ],
    "order": ["https://tea.example/?a=1&b=2&b=3", "https://tea.example/?b=2&&a=1&b=3&"],
    "spaces": ["https://tea.example/?q=a+b", "https://tea.example/?q=a%20b", "https://tea.example/?q=a b"],
    "fragment": ["https://tea.example/a", "https://tea.example/a#b", "https://tea.example/a#:~:text=b"],
    "counting": [
        "https://tea.example/a?id=1",
        "https://tea.example/a?utm_source=x&id=1&UTM_Medium=y",
        "https://tea.example/a?id=1&fbclid=x&gclid=y&mc_cid=z&mc_eid=w&spm=a.b.c",
        "https://tea.example/a?id=1&from=timeline&isappinstalled=0&share_token=x",
        "https://tea.example/a?id=1&from=singlemessage&source=rss-f1fb3e40dc37------2",
    ],
    "user": ["https://tea.example/a", "https://user:word@tea.example/a"],
    "number": ["https://[::1]/a", "http://[0:0::1]:80/a"],
    "video": [
        VIDEO,
        "https://www.youtube.com/watch?v=a-b_c0d1e2f",
        "https://www.youtube.com/watch?feature=share&v=a-b_c0d1e2f&t=3s&list=x",
        "http://m.youtube.com/watch/?v=a-b_c0d1e2f&amp;feature=youtu.be",
        "https://youtu.be/a-b_c0d1e2f?si=x",
        "https://www.youtube.com/embed/a-b_c0d1e2f?autoplay=1",
        "https://www.youtube-nocookie.com/embed/a-b_c0d1e2f",
        "https://youtube.com/shorts/a-b_c0d1e2f/",
        "https://www.youtube.com/live/a-b_c0d1e2f#x",
        "https://music.youtube.com/watch?v=a-b_c0d1e2f",
    ],
}

DIFFERENT = [
    ("https://tea.example/a", "https://tea.example/A"),
    ("https://tea.example/a", "https://tea.example/a/b"),
    ("https://tea.example/a", "https://m.tea.example/a"),
    ("https://tea.example/a", "https://tea.example:8080/a"),
    ("https://tea.example/a/b", "https://tea.example/a%2Fb"),
    ("https://tea.example/a?b", "https://tea.example/a%3Fb"),
    ("https://tea.example/a#!/b", "https://tea.example/a#!/c"),
    ("https://tea.example/a#/b", "https://tea.example/a"),
    ("https://tea.example/?id=1", "https://tea.example/?id=2"),
    ("https://tea.example/?b=2&b=3", "https://tea.example/?b=2"),
    ("https://tea.example/?from=12", "https://tea.example/"),
    ("https://tea.example/?source=books", "https://tea.example/"),
    ("https://tea.example/?p=1&next=2", "https://tea.example/?p=1"),
    ("https://tea.example/a%2520b", "https://tea.example/a%20b"),
    ("https://tea.example/%25E9", "https://tea.example/%E9"),
    ("https://tea.example/?to=a%2526b", "https://tea.example/?to=a%26b"),
    ("https://tea.example/%E9", "https://tea.example/%C3%A9"),
    ("https://www.example/a", "https://example/a"),
    (VIDEO, "https://youtube.com/watch?v=A-b_c0d1e2f"),
    ("https://www.youtube.com/@a", "https://www.youtube.com/@b"),
    ("https://www.youtube.com/playlist?list=a", "https://www.youtube.com/playlist?list=b"),
]


@pytest.mark.parametrize("ways", SAME.values(), ids=SAME)
def test_ways_to_write_an_address_are_one(ways: list[str]) -> None:
    found = {canonical(way) for way in ways}
    assert len(found) == 1
    assert canonical(ways[0]) in found


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_articles_stay_apart(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://WWW.Tea.Example:80/a/../茶/?b=2&a=1&utm_source=x#c", "https://tea.example/%E8%8C%B6?a=1&b=2"),
        ("https://www.youtube.com/watch?v=a-b_c0d1e2f", VIDEO),
        ("https://tea.example:8080/#!/a b", "https://tea.example:8080/#!/a%20b"),
    ],
)
def test_the_form_is_this(url: str, expected: str) -> None:
    assert canonical(url) == expected


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://tea.example/a", "https://", "https://.", "https://[", "https://a:b/", "https://a/\ud800"]
)
def test_what_is_no_web_address_is_its_own_form(url: str) -> None:
    assert canonical(url) == url


def test_what_never_comes_to_rest_is_its_own_form() -> None:
    assert canonical("https://tea.example/&AMP;AMP;a") == "https://tea.example/&a"
    assert canonical("https://tea.example/&" + "AMP;" * 20) == "https://tea.example/&" + "AMP;" * 20


@pytest.mark.parametrize(
    "url", ["https://youtu.be/", "https://youtu.be/short", "https://youtube.com/channel/a-b_c0d1e2f", "https://[", "x"]
)
def test_not_every_address_of_youtube_is_a_video(url: str) -> None:
    assert youtube_id(url) == ""


@pytest.mark.parametrize(
    "piece",
    [
        "%25",
        "%2525",
        "%%32%35",
        "%25E6%2599%25A8",
        "%25E6",
        "&amp;",
        "amp;",
        "a/../",
        "www.",
        "?",
        "&a",
        "#!",
        "茶",
        "%",
        ";",
        "a=",
    ],
)
@pytest.mark.parametrize("begin", ["https://", "https://tea.example/", "https://tea.example/?"])
def test_long_addresses_take_little_time(begin: str, piece: str) -> None:
    url = (begin + piece * MAX_ADDRESS)[:MAX_ADDRESS]
    begun = time.process_time()
    found = canonical(url)
    assert time.process_time() - begun < 2
    assert canonical(found) == found
    assert canonical(url + "//") == url + "//"


PIECES = [
    "%",
    "25",
    "E6",
    "99",
    "A8",
    "&",
    "amp;",
    "#",
    "!",
    "/",
    "..",
    ".",
    "?",
    "=",
    ";",
    "+",
    " ",
    ":",
    "@",
    "80",
    "www.",
    "m.",
    "茶",
    "。",
    "[",
    "]",
]


@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=30).map("".join),
    st.sampled_from(["", "tea.example/"]),
)
def test_the_form_is_its_own_form(written: str, host: str) -> None:
    warnings: list[str] = []
    url = address(f"https://{host}{written}", warnings)
    if url is not None:
        found = canonical(url)
        assert canonical(found) == found
        assert len(found) <= 9 * MAX_ADDRESS


def test_the_library_is_imported_where_it_is_needed() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTING], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_real_articles_that_share_a_form_are_one_article() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the real posts are not here")
    titles = defaultdict(set)
    raw = set()
    for path in CORPUS.rglob("*"):
        if not path.is_file() or not is_post_key(path.name):
            continue
        try:
            meta = parse(path.read_bytes(), path.name).metadata
        except PostRejected:
            continue
        if meta.source_url:
            raw.add(meta.source_url)
            titles[canonical(meta.source_url)].add((meta.author, meta.published))
    assert len(raw) > 200
    assert [group for group in titles.values() if len(group) > 1] == []
