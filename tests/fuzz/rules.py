"""A file of the published rules: its name in the first line, then its bytes (``render_post.rules``, ``learnt``, ``bundle``)."""

import re2  # noqa: F401 (the rules import it late)

from fuzz.inputs import as_text, lines
from postkeep.errors import RulesInvalid
from postkeep.post import Metadata
from render_post import bundle, rules
from render_post.bundle import Bundle
from render_post.learnt import Learnt
from render_post.rendition import render
from render_post.rulebook import RuleBook, shipped
from support.accounting import account
from support.inspection import html_faults

LONGEST = 2048
TOKENS = (
    *(
        'hosts = ["a.example"]\n',
        'authors = ["a"]\n',
        "article = [",
        "keep = [",
        "[[drop]]\n",
        'name = "a"\n',
        "select = [",
        "paragraphs = [",
    ),
    *(
        "first = [",
        "last = [",
        "lists = [",
        "rest = [",
        '"""',
        "'''",
        "div.a > p",
        ":has(",
        ":not(",
        ":is(",
        ":nth-child(2n+1 of ",
        "*",
        "::before",
    ),
    *(
        '[class~="a" i]',
        ",",
        " + ",
        " ~ ",
        "||",
        "(?i)",
        "(?P<a>",
        "\\\\pL",
        "{1000}",
        ".*",
        "|",
        "x.toml",
        "learnt.json",
        "bundle",
    ),
    *(
        '{"v":1,"groups":[',
        '{"author":"a","units":[',
        '"fingerprint":"0123456789abcdef"',
        '"version":1',
        '"published":"2021-06-29T00:00:00Z"',
    ),
    *('"note":""', '"files":{', '"a.toml":"', "inf", "nan", "0x1", "1979-05-27"),
)

_PAGE = (
    '<div class="a"><h2>标题</h2><p id="b">一杯茶。<b>很香</b>，<a href="https://a.example/x">链接</a></p>'
    '<p class="c">微信搜索：茶</p><ul><li>甲</li><li>乙</li></ul><img src="https://a.example/1.jpg" alt="图"></div><p>完。</p>'
)
_METADATA = Metadata(title="标题", author="a", source_url="https://a.example/1")


def check(data: bytes) -> None:
    """Any file is taken or refused with what is wrong in it; by what is taken, a page is rendered, safe and whole."""
    (name,), body = lines(data, 1)
    if name == "bundle":
        _check_bundle(body)
        return
    try:
        source = bundle.check_file(name, as_text(body))
    except RulesInvalid as error:
        assert error.name == name
        assert error.detail
        return
    _assert_renders(shipped().with_files([(name, body)], 1))
    if source is None:
        assert Learnt.read(body, name) == Learnt.read(body, name)
    else:
        assert rules.parse(body, name) == source
        assert source.hosts or source.authors


def _check_bundle(body: bytes) -> None:
    try:
        found = Bundle.decode(body, "bundle")
    except RulesInvalid:
        return
    try:
        assert Bundle.decode(found.encode(), "bundle") == found
        bundle.check(found.files)
    except RulesInvalid:
        return
    _assert_renders(found.book())


def _assert_renders(book: RuleBook) -> None:
    made = render(_PAGE, _METADATA, "a.md", book)
    faults = html_faults(made.html)
    assert not faults, faults
    found = account(_PAGE, _METADATA, "a.md", made)
    assert not found, str(found)
