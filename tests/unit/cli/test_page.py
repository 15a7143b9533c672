import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from postkeep_local import page as module
from postkeep_local.api import Api
from postkeep_local.page import page, thumbnails
from render_post.html import ELEMENTS
from unit.cli.reading import FOLDER, URL, FakeArchive, detail, picture, thumbnail

A, B = "https://pictures.example/a.jpg", "https://pictures.example/b.jpg?x=1&y=茶"
DATA = "data:image/webp;base64,UklGRg=="
OWN = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer"}


class Seen(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def fetched(fake: FakeArchive, *pictures: dict[str, Any]) -> dict[str, str]:
    with Api(URL, transport=httpx.MockTransport(fake), sleep=fake.slept.append) as api:
        return thumbnails(api, pictures)


@pytest.fixture
def archive() -> FakeArchive:
    sizes = [(320, "webp"), (640, "webp"), (1280, "webp"), (1920, "webp"), (640, "jpeg"), (640, "avif")]
    return FakeArchive({f"{FOLDER}/{width}.{form}": httpx.Response(200, content=b"RIFF") for width, form in sizes})


# ---- Thumbnails ----


@pytest.mark.parametrize(
    ("made", "taken"),
    [
        ([(320, "webp"), (640, "webp"), (640, "jpeg")], "640.webp"),
        ([(640, "webp"), (1280, "webp"), (1920, "webp")], "1280.webp"),
        ([(1920, "webp")], "1920.webp"),
        ([(640, "jpeg")], "640.jpeg"),
        ([(640, "avif"), (640, "jpeg")], "640.avif"),
    ],
)
def test_the_widest_thumbnail_that_fits_is_taken(archive: FakeArchive, made: list[tuple[int, str]], taken: str) -> None:
    assert A in fetched(archive, picture(A, thumbnails=[thumbnail(*size) for size in made]))
    assert archive.paths() == [f"{FOLDER}/{taken}"]


def test_a_thumbnail_is_a_data_address_of_its_format(archive: FakeArchive) -> None:
    assert fetched(archive, picture(A)) == {A: DATA}
    assert fetched(archive, picture(A, thumbnails=[thumbnail(640, "jpeg")])) == {A: "data:image/jpeg;base64,UklGRg=="}


@pytest.mark.parametrize(
    "made",
    [
        None,
        [],
        [7],
        [{}],
        [thumbnail(form="svg")],
        [thumbnail() | {"width": "640"}],
        [thumbnail(bytes=-1)],
        [thumbnail(url="https://evil.example/x")],
        [thumbnail(url="//evil.example/thumbnails/x")],
        [thumbnail(url="/posts")],
        [thumbnail(url="/thumbnails/x?y")],
    ],
)
def test_what_is_no_thumbnail_is_not_asked_for(archive: FakeArchive, made: Any) -> None:
    assert fetched(archive, picture(A, thumbnails=made), {"thumbnails": [thumbnail()]}) == {}
    assert archive.asked == []


def test_a_thumbnail_that_is_not_to_be_had_is_left_out(archive: FakeArchive) -> None:
    gone = picture(B, thumbnails=[thumbnail(url="/thumbnails/gone.webp")])
    assert fetched(archive, gone, picture(A)) == {A: DATA}


def test_no_more_bytes_than_a_page_may_have(archive: FakeArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_EMBEDDED", 20)
    assert list(fetched(archive, *(picture(f"https://p.example/{n}") for n in range(5)))) == [
        "https://p.example/0",
        "https://p.example/1",
    ]


# ---- The page ----


def test_pictures_are_their_thumbnails() -> None:
    written = "https://pictures.example/b.jpg?x=1&amp;y=%E8%8C%B6"
    text = f'<p>茶</p><figure><img src="{A}" alt="一杯"></figure><img src="{written}" alt="">'
    seen = Seen(page(detail(), text, [picture(A), picture(B)], {A: DATA, B: DATA + "="}))
    assert [(image.get("src"), image["alt"]) for image in seen.all("img")] == [(DATA, "一杯"), (DATA + "=", "")]
    assert seen.all("footer") == []


def test_pictures_without_a_place_come_last_and_those_without_a_thumbnail_are_links() -> None:
    pictures = [picture(A, alt='"><script>'), picture(B, alt=""), picture("post:tea/c.jpg", "failed", alt="own"), picture(B)]
    made = page(detail(), f'<p><img src="{B}" alt="b"></p>', pictures, {A: DATA})
    seen = Seen(made)
    assert [image.get("src") for image in seen.all("img")] == [None, DATA]
    assert seen.all("script") == []
    assert [link["href"] for link in seen.all("a")] == ["https://tea.example/posts/1", B]
    assert "<li>own</li>" in made


def test_the_page_says_whose_it_is() -> None:
    made = page(detail(), "", [], {})
    assert made.startswith('<!DOCTYPE html>\n<html lang="zh-Hans">\n')
    assert "<h1>雨前茶</h1>" in made
    assert "陆羽 · 2021-06-29 · <a href" in made
    long = page(detail(source_url="https://a.example/" + "x" * 100), "", [], {})
    assert "https://a.example/" + "x" * 62 + "…</a>" in long


@pytest.mark.parametrize("value", ['"><script>alert(1)</script>', "</title><img src=x>", "javascript:alert(1)", None, 7])
def test_nothing_that_strangers_wrote_becomes_markup(value: Any) -> None:
    post = detail(title=value, author=value, published=value, language=value, source_url=value, key=value)
    seen = Seen(page(post, "", [picture(value, alt=value)], {}))
    assert {tag for tag, _ in seen.found} <= OWN | {"h1", "p", "ul", "li"}
    assert seen.all("html") == [{"lang": "und"}]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<meta http-equiv="refresh" content="0;url=https://evil.example">',
        "</main></body><style>*{}</style><base href='https://evil.example'><form action=x><iframe src=x></iframe>",
        '<a href="javascript:alert(1)" style="x" target="_top">x</a><a href="data:text/html,x">y</a><a href="file:///x">z</a>',
        '<img src="https://evil.example/pixel.gif"><img src="data:image/svg+xml,x"><img srcset="https://evil.example/x 1x">',
        "<svg onload=alert(1)><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<p>" * 5_000,
    ],
)
def test_nothing_in_it_runs_or_is_fetched(text: str) -> None:
    seen = Seen(page(detail(), text, [], {A: DATA}))
    assert {tag for tag, _ in seen.found} <= OWN | ELEMENTS
    for image in seen.all("img"):
        assert image.get("src") is None
        assert image.keys() <= {"src", "alt"}
    for link in seen.all("a"):
        assert link.get("href") in {None, "https://tea.example/posts/1"}
    assert len(seen.all("style")) == 1
    assert len(seen.all("meta")) == 4


def test_the_policy_allows_the_pages_own_style_and_nothing_else() -> None:
    made = page(detail(), "", [], {})
    (policy,) = [meta["content"] for meta in Seen(made).all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    style = re.findall("<style>(.*?)</style>", made, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (f"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'")
