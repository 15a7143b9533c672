"""Bodies that nobody writes who wants to be read: as large, as deep and as repetitive as can hurt a pass of the cleaning."""

from collections.abc import Mapping

from postkeep.post import Metadata

SIZE = 700_000
"""Characters; the largest of 50,000 real posts has 660,000."""

ARTICLE = Metadata(title="标题", source_url="https://news.example/2021/a")
VIDEO = Metadata(title="标题", source_url="https://www.youtube.com/watch?v=abcdefghijk")
"""Its description goes through the passes for text whose line breaks are lost."""


def bodies(size: int = SIZE) -> Mapping[str, str]:
    """The bodies, by what is wrong with them.

    Args:
        size: about how many characters each has; but for attributes, which have a million.
    """

    def filled(text: str) -> str:
        return text * (size // len(text))

    return {
        "one long paragraph": f"<p>{filled('文字，')}</p>",
        "one long sentence": f"<p>{filled('word ')}</p>",
        "sentences in a row": filled("请订阅我们。"),
        "addresses in a row": filled("http://a"),
        "addresses and words": filled("看 https://a.example/b?c=d "),
        "mail addresses in a row": filled("a@"),
        "domains in a row": filled("www.a"),
        "hashtags in a row": filled("#a"),
        "numbers in a row": filled("1. 2. 3. "),
        "times in a row": filled("00:01 "),
        "bullets in a row": filled("►"),
        "labels in a row": filled("Facebook："),
        "divs 10,000 deep": "<div>" * 10_000 + "字" + "</div>" * 10_000,
        "spans 10,000 deep": "<span>" * 10_000 + "字",
        "bold 10,000 deep": "<b>" * 10_000 + "字",
        "quotes 10,000 deep": "<blockquote>" * 10_000 + "字",
        "lists 10,000 deep": "<ul><li>" * 10_000 + "字",
        "tables 10,000 deep": "<table><tr><td>" * 10_000 + "字",
        "links in links": filled('<a href="https://a.example/">字'),
        "an attribute of a megabyte": f'<p class="{"a " * 500_000}">字</p>',
        "an address of a megabyte": f'<a href="https://a.example/{"a" * 1_000_000}">字</a>',
        "a srcset of a megabyte": f'<img srcset="{"a.jpg 1x," * 110_000}"><p>字</p>',
        "thousands of attributes": f"<p {' '.join(f'a{number}=1' for number in range(size // 8))}>字</p>",
        "a tag around each letter": filled("<i>文</i>"),
        "bold and plain in turn": f"<p>{filled('文<b>字</b>')}</p>",
        "paragraphs of a letter": filled("<p>文。</p>"),
        "line breaks": f"<p>{filled('文<br>')}</p>",
        "list items that lead to lists": "<ul>" + filled("<li><a href=/>相关阅读</a>"),
        "table cells": "<table>" + filled("<tr><td>a<td>b"),
        "copies for readers without scripts": filled("<noscript><img src=a.jpg></noscript>"),
        "pictures": filled('<img src="https://a.example/1.jpg">'),
        "pictures in one picture": "<picture>"
        + filled('<source srcset="b.jpg 1x, c.jpg 2x"><img src="https://a.example/1.jpg">'),
        "pictures in one link": '<a href="https://a.example/1.jpg">' + filled('<img src="https://a.example/1-300x200.jpg">'),
        "captions in a row": "<figure>" + filled("<figcaption>字</figcaption><img src=a.jpg>"),
        "entities": f"<p>{filled('&amp;')}</p>",
        "no-break spaces": f"<p>{filled('&nbsp;')}字</p>",
        "widgets in a row": filled('<div class="sharedaddy related-posts">a</div>'),
        "frames that look like widgets": filled('<div class="related-x"><p>a</p>'),
        "comments that never end": filled("<!-- "),
        "scripts that never end": filled("<script>"),
        "tags that never end": filled("<a "),
        "brackets of Markdown": filled("["),
        "stars of Markdown": filled("*a_"),
        "backticks of Markdown": filled("`a``b```"),
        "quotes of Markdown": filled("> "),
        "lists of Markdown": filled("- a\n  "),
        "invisible characters": f"<p>{filled('\u200ba\u200d')}</p>",
        "combining marks": f"<p>a{filled('\u0300')}</p>",
    }
