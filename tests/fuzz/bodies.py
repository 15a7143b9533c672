"""A body: the post's key, address and title in three lines, then the body (``render_post``, the whole of the cleaning)."""

import re

import markdown_it  # noqa: F401 (the cleaning imports it late, which would be too late to be seen into)

from fuzz.inputs import lines
from postkeep.listing import source_host
from postkeep.post import Metadata
from postkeep.renditions import RenditionObject
from postkeep.values import address, text
from render_post.language import language_of
from render_post.length import measure
from render_post.rendition import MAX_PICTURES, RenderedText, encode, render
from support.accounting import account
from support.inspection import html_faults, markdown_faults

LONGEST = 4096
TOKENS = (
    *(
        "<p>",
        "</p>",
        "<div class=",
        "<br>",
        "<a href=",
        "<img src=",
        " srcset=",
        " data-src=",
        " alt=",
        "<b>",
        "<i>",
        "<s>",
        "<code>",
    ),
    *("<pre>", "<ul><li>", "<ol start=", "<table><tr><td>", "<blockquote>", "<figure>", "<figcaption>", "<hr>", "<h2>", "<q>"),
    *(
        "<iframe src=",
        "<video poster=",
        "<audio>",
        "<noscript>",
        "<script>",
        "<style>",
        "<template>",
        "<svg>",
        "<math>",
        "<select>",
    ),
    *(
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "</",
        "&lt;",
        "&#60;",
        "&nbsp;",
        "&amp;",
        "javascript:",
        "data:text/html,",
        "onerror=",
    ),
    *("**", "__", "~~", "`", "```\n", "# ", "> ", "- ", "1. ", "[x](", "![x](", "|x|\n|-|\n", "\\", "---\n", "  \n", "\t"),
    *("https://a.example/", "//i0.wp.com/a.example/b.jpg?ssl=1", "mailto:a@b.example", "www.a.example", "#标签", "@name", "🍵"),
    *(
        "订阅",
        "获取更多RSS：",
        "延伸閱讀",
        "图片来源：",
        "微信搜索",
        "転載",
        "。",
        "，",
        "“",
        "”",
        "00:01 ",
        "►",
        "null",
        "\u3000",
        "\u200b",
    ),
    *("share", "sharedaddy", "entry-content", "wp-caption-text", "comments", "avatar", "width=1 height=1"),
)

_HIDES = re.compile(r"<(?:!--|/?(?:script|style|title|textarea|iframe|xmp|noembed|noframes|plaintext)\b)", re.IGNORECASE)
"""What is markup behind these depends on whether they are closed; where they are not, render shows what a browser hides."""

_MOST = 40
"""Bytes of a rendition to one of the body: what a short link or a picture without a name takes in all three forms."""


def check(data: bytes) -> None:
    """Any body is rendered, always alike, into what is safe to show and loses no visible character."""
    (key, where, title), rest = lines(data, 3)
    body = rest.decode("utf-8", "replace")
    metadata = Metadata(title=text(title, "title", []) if title.isprintable() else "", source_url=_address(where))
    made = render(body, metadata, key)
    assert made == render(body, metadata, key)
    faults = html_faults(made.html) + markdown_faults(made.markdown, relative=metadata.source_url is None)
    assert not faults, faults
    _assert_bounded(made, body, metadata)
    _assert_pictures(made, key)
    missing = account(body, metadata, key, made, mended=_HIDES.search(body) is not None).lost
    # Punctuation of broken tags is taken for markup in one way or another.
    lost = [mark for mark in missing if mark.isalnum()]
    assert not lost, lost


def _address(where: str) -> str | None:
    found = address(where, []) if where.isprintable() else None
    return found if found and source_host(found) else None


def _assert_bounded(made: RenderedText, body: str, metadata: Metadata) -> None:
    written = encode("p", 1, 20_000, made)
    assert RenditionObject.decode(written).text == made.text
    assert len(written) <= 2_000 + _MOST * (len(body.encode("utf-8", "replace")) + len(metadata.title))
    assert len(made.summary) <= 200
    assert made.summary == made.summary.strip()
    length = measure(made.text)
    assert length.characters == len(made.text)
    assert language_of(made.text, metadata.title) == language_of(made.text, metadata.title)


def _assert_pictures(made: RenderedText, key: str) -> None:
    assert len(made.pictures) <= MAX_PICTURES
    assert len({picture.address for picture in made.pictures}) == len(made.pictures)
    for picture in made.pictures:
        assert picture.address.startswith(("http://", "https://", "post:"))
        assert len(picture.fallbacks) <= 3
        assert all(one.startswith(("http://", "https://")) for one in picture.fallbacks)
        for name in picture.own:
            # A post may lie in folders of such names: to the bucket they are names.
            assert {".", ".."} & set(key.split("/")) or not {"", ".", ".."} & set(name.split("/")), (
                "a key leads out of the bucket"
            )
