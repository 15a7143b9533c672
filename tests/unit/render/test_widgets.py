"""Elements by the selectors of several rules."""

import re

import pytest
from selectolax.lexbor import LexborHTMLParser

from render_post.rulebook import shipped
from render_post.rules import DropRule
from render_post.widgets import Widgets

SHARE = DropRule("generic/sharing", select=".share")
NULL = DropRule("generic/null", first=("null",))
RELATED = DropRule("generic/related", select=".related, .more")
WIDGETS = Widgets((SHARE, NULL, RELATED))


def found(widgets: Widgets, html: str) -> list[tuple[str | None, str]]:
    return [(node.tag, name) for node, name in widgets.of(LexborHTMLParser(html, is_fragment=True), html)]


def test_each_element_with_the_name_of_its_rule() -> None:
    html = '<p class="more">a</p><div class="share">b</div><ul class="x related"><li>c</li></ul>'
    assert found(WIDGETS, html) == [("div", "generic/sharing"), ("p", "generic/related"), ("ul", "generic/related")]


def test_an_element_of_two_rules_comes_with_the_first_ones_name_first() -> None:
    assert [name for _, name in found(WIDGETS, '<div class="more share"></div>')] == ["generic/sharing", "generic/related"]


def test_a_word_in_the_text_is_no_element() -> None:
    assert found(WIDGETS, "<p>share, related and more</p>") == []


def test_without_rules() -> None:
    assert found(Widgets(()), '<div class="share"></div>') == []
    assert found(Widgets((NULL,)), "<p>null</p>") == []


@pytest.mark.parametrize(
    ("selector", "html"),
    [
        ("nav", "<NAV>a</NAV>"),
        ("#respond", "<div id=respond>a</div>"),
        ("[role=navigation]", "<div role='navigation'>a</div>"),
        ("[id^=taboola-]", "<div id='taboola-1'>a</div>"),
        ("[class*='code-block-']", "<div class='a code-block-7'>a</div>"),
        ("ol.list > li", "<ol class=list><li>a</ol>"),
        (":is(.a, .b)", "<div class=b>a</div>"),
        ("div:is(.a, .b)", "<div class=b>a</div>"),
        (".ad:not(:has(pre))", "<div class=ad>a</div>"),
        ("[hidden]", "<p hidden>a</p>"),
        (".none, p", "<p>a</p>"),
        ("*", "<p>a</p>"),
    ],
)
def test_whatever_a_selector_begins_with_its_elements_are_found(selector: str, html: str) -> None:
    assert len(found(Widgets([DropRule("generic/a", select=selector)]), html)) == 1


def test_every_selector_that_ships_is_found_by_its_word() -> None:
    widgets = shipped().generic.widgets
    for drop in shipped().generic.drops:
        for selector in drop.select.split(", ") if drop.select else ():
            html = element(selector)
            names = [name for _, name in found(widgets, html)]
            assert drop.name in names, html


def element(selector: str) -> str:
    """An element that one of the generic selectors matches."""
    tag = re.match(r"[\w-]+", selector)
    classes = re.findall(r"\.([\w-]+)", selector)
    attributes = re.findall(r"\[([\w-]+)([*^]?)='?([\w-]+)'?\]", selector)
    identity = re.search(r"#([\w-]+)", selector)
    values = {name: value for name, _, value in attributes}
    values["class"] = " ".join([*classes, *filter(None, (values.get("class"),))])
    if identity:
        values["id"] = identity[1]
    name = tag[0] if tag else "div"
    return f"<{name} {' '.join(f'{key}="{value}"' for key, value in values.items() if value)}>a</{name}>"
