"""What to drop: the fixed parts of any page, and of the sources known by name (one file each in ``rules/``)."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

NOT_CONTENT = "script, style, template, link, meta, base, title, input, param"
"""Elements whose text no reader of the page saw as text; dropped without a look at how much they hold."""

_CONTROLS = "button, select, svg, canvas, .rdf-meta"
_SHARING = (  # of Jetpack, AddToAny, AddThis
    ".sharedaddy, .sd-sharing-enabled, .jetpack-likes-widget-wrapper, .addtoany_share_save_container, .addthis_toolbox,"
    " .pullquote-share"
)
_OTHER_ARTICLES = ".jp-relatedposts, .yarpp-related, .related-posts, .block-views.related, .view-articles-related"
_COMMENT_FORMS = "#respond, .comment-respond, #disqus_thread, .comment-add, .comment_forbidden"
_FOR_SCREEN_READERS = ".screen-reader-text, .sharing-screen-reader-text, .element-invisible, .visually-hidden, .sr-only"
_INTRUSIONS = "ins.adsbygoogle, lt-highlighter, lt-div, lt-toolbar"

WIDGETS = f"{_CONTROLS}, {_SHARING}, {_OTHER_ARTICLES}, {_COMMENT_FORMS}, {_FOR_SCREEN_READERS}, {_INTRUSIONS}"
"""Widgets of widespread publishing systems, by the classes that those give them, and what a browser's extension left behind.

The comments themselves are not among them: ``.comment-wrapper`` holds spam on one site, and the article on another.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRules:
    """The rules of one source.

    Attributes:
        hosts: they hold for articles of these hosts and of hosts below them.
        article: selectors; where any of them matches text, the article is what they match, in the page's order.
        drop: selectors of what is no part of the article.
        drop_paragraphs: a paragraph that one of these matches as a whole is no part of the article.
    """

    hosts: tuple[str, ...] = ()
    article: str = ""
    drop: str = ""
    drop_paragraphs: tuple[re.Pattern[str], ...] = ()


NO_RULES = SourceRules()


@cache
def _sources() -> dict[str, SourceRules]:
    found: dict[str, SourceRules] = {}
    for file in sorted(files("render_post").joinpath("rules").iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        fields = tomllib.loads(file.read_text(encoding="utf-8"))
        source = SourceRules(
            hosts=tuple(fields["hosts"]),
            article=", ".join(fields.get("article", ())),
            drop=", ".join(fields.get("drop", ())),
            drop_paragraphs=tuple(re.compile(pattern) for pattern in fields.get("drop_paragraphs", ())),
        )
        found.update(dict.fromkeys(source.hosts, source))
    return found


def for_host(host: str) -> SourceRules:
    """The rules of the source at a host (lower case); none for a host that no file names."""
    sources = _sources()
    labels = host.split(".")
    for n in range(len(labels)):
        if found := sources.get(".".join(labels[n:])):
            return found
    return NO_RULES
