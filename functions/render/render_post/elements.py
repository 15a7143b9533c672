"""The elements of HTML, by what they are to a reader."""

from render_post.blocks import Mark

BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer "  # noqa: SIM905  # as a list, one name a line
    "form header hgroup html legend li main menu nav noscript ol optgroup option p pre search section summary table tbody "
    "td textarea tfoot th thead tr ul".split()
)
"""Each ends the paragraph before it and the one within it."""

HEADINGS = {f"h{level}": level for level in range(1, 7)}
MARKS = {
    tag: mark
    for mark, tags in {
        Mark.BOLD: ("b", "strong"),
        Mark.ITALIC: ("i", "em", "cite", "dfn", "var"),
        Mark.CODE: ("code", "kbd", "samp", "tt"),
        Mark.STRUCK: ("s", "strike", "del"),
    }.items()
    for tag in tags
}
MEDIA = frozenset({"iframe", "audio", "video", "embed", "object"})
MEDIA_PARTS = frozenset({"source", "track", "param", "embed", "-text"})
CAPTION_CLASSES = frozenset(
    "caption caption-text image-caption image__caption img-caption photo-caption photo-credit tr-caption wp-caption-text".split()  # noqa: SIM905
)

INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q rp rt ruby s samp small span "  # noqa: SIM905  # as a list, one name a line
    "strike strong sub sup time tt u var wbr".split()
)
"""These end no paragraph."""
