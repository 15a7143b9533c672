"""The rendition: what render makes of a post's body."""

from dataclasses import dataclass

from postkeep.errors import PostRejected
from postkeep.listing import source_host
from postkeep.post import Metadata, PostId, picture_id
from postkeep.renditions import Removal, RenditionObject, RenditionPicture
from render_post import source
from render_post.blocks import Block, Dropped, Image, paragraphs
from render_post.bounds import MAX_CHARACTERS
from render_post.captions import captions_of
from render_post.clean import find_article
from render_post.description import is_description, tidy_description
from render_post.html import safe_html
from render_post.learnt import drop_learnt
from render_post.markdown import commonmark
from render_post.pictures import video_still
from render_post.recovery import recover_lines
from render_post.removal import partition
from render_post.rulebook import RuleBook, shipped
from render_post.structure import read_blocks
from render_post.summary import summarize
from render_post.text import plain_text
from render_post.wording import drop_by_wording

RULES = 3
"""The version of the cleaning, with the rules that ship. It grows with anything that changes a rendition."""

VERSIONS = 10_000
"""Versions of the published rules that have a place beside one of the cleaning."""

MAX_PICTURES = 1_000
"""Pictures listed for one post; real posts have up to 102."""


@dataclass(frozen=True, slots=True)
class PictureReference:
    """A picture of the article.

    Attributes:
        address: where the picture itself is to be had, see :func:`render_post.origin.origin`; of one that only the archive can
            have, :func:`render_post.own.own_address`.
        alt: the alternative text; "" where there is none.
        caption: the figure's caption; "" where there is none.
        fallbacks: web addresses where it is to be had if the first fails, at most three, the most original first.
        own: keys of the posts bucket that may be the picture, the likeliest first.
    """

    address: str
    alt: str
    caption: str
    fallbacks: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedText:
    """What is made of one body.

    Attributes:
        markdown: CommonMark, ending in a line feed; "" for an empty article.
        text: plain text, see :func:`render_post.text.plain_text`.
        html: safe HTML, see :mod:`render_post.html`.
        pictures: in the order of the article, each once.
        summary: the first sentences, at most 200 characters.
        removed: what is no part of the article, in the order of the page, each with the rule that removed it.
        warnings: machine-readable words, some followed by ``: `` and what they concern.
    """

    markdown: str
    text: str
    html: str
    pictures: tuple[PictureReference, ...]
    summary: str
    removed: tuple[Dropped, ...]
    warnings: tuple[str, ...]


def rules_number(book: RuleBook) -> int:
    """The version of all that a text depends on besides its post: part of the rendition's object key.

    Later rules have greater numbers, whether the cleaning grew or somebody published: ``RULES`` is never taken back, and nor
    is the version of what is published.
    """
    return RULES * VERSIONS + book.version


def render(body: str, metadata: Metadata, key: str, book: RuleBook | None = None) -> RenderedText:
    """Make the text of a post's body. Pure: the same arguments give the same result.

    Args:
        body: what follows the front matter: HTML, Markdown or plain text, see :func:`render_post.source.form_of`.
        metadata: the post's; used are its title, to recognise it at the top, and its address, for the source's rules, for
            relative addresses and for a video's still.
        key: the post object's key, whose ending helps to tell what the body is written in, and beside which the archive's own
            pictures lie.
        book: the rules; None for those that ship.

    Raises:
        PostRejected: ``body-too-large``.
    """
    if len(body) > MAX_CHARACTERS:
        raise PostRejected("body-too-large", f"The body has {len(body):,} characters; at most {MAX_CHARACTERS:,} are rendered.")
    warnings: list[str] = []
    read = source.read(body.encode("utf-8", "replace").decode("utf-8").replace("\0", ""), metadata, key)
    if read.flattened:
        warnings.append("markup-flattened")
    base = metadata.source_url
    rules = (book or shipped()).of(source_host(base or ""), metadata.author)
    article = find_article(read.html, rules, base, key)
    warnings.extend(article.warnings)
    blocks = drop_by_wording(read_blocks(article, base, key), rules, metadata.title)
    description = is_description(base, blocks)
    if rules.learnt:
        blocks = drop_learnt(blocks, rules.learnt, rules.learnt_name, description=description)
    blocks, removed = partition(tidy_description(blocks) if description else recover_lines(blocks))
    if read.head:
        removed.insert(0, Dropped("generic/head", read.head))
    found = _pictures(blocks)
    if len(found) > MAX_PICTURES:
        warnings.append(f"pictures-left-out: {len(found) - MAX_PICTURES}")
        found = found[:MAX_PICTURES]
    if not found and (still := video_still(base)):
        found = [PictureReference(still, metadata.title, "")]
    return RenderedText(
        markdown=commonmark(blocks),
        text=plain_text(blocks),
        html=safe_html(blocks),
        pictures=tuple(found),
        summary=summarize(blocks, metadata.title, metadata.author),
        removed=tuple(removed),
        warnings=tuple(warnings),
    )


def _pictures(blocks: list[Block]) -> list[PictureReference]:
    found: dict[str, Image] = {}
    figures: set[int] = set()
    parts = list(paragraphs(blocks))
    for paragraph in parts:
        for part in paragraph.inlines:
            if isinstance(part, Image):
                found.setdefault(part.address, part)
                figures.add(part.figure)
    captions = captions_of(parts, figures) if found else {}
    return [
        PictureReference(address, image.alt, captions.get(image.figure) or captions.get(address, ""), image.fallbacks, image.own)
        for address, image in found.items()
    ]


def encode(post_id: PostId, generation: int, version: int, rendered: RenderedText) -> bytes:
    """Give the bytes of the rendition object (see :mod:`postkeep.renditions`)."""
    return RenditionObject(
        post_id=post_id,
        generation=generation,
        rules=version,
        markdown=rendered.markdown,
        text=rendered.text,
        html=rendered.html,
        pictures=tuple(
            RenditionPicture(
                id=picture_id(picture.address),
                address=picture.address,
                alt=picture.alt,
                caption=picture.caption,
                fallbacks=picture.fallbacks,
            )
            for picture in rendered.pictures
        ),
        summary=rendered.summary,
        removed=tuple(Removal(rule=dropped.rule, text=dropped.text) for dropped in rendered.removed),
        warnings=rendered.warnings,
    ).encode()
