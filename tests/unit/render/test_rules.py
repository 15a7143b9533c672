"""Files of rules: what they say, and what is said of those that cannot be used."""

from dataclasses import replace

import pytest

from postkeep.errors import RulesInvalid
from render_post import rules
from render_post.rules import MAX_BYTES, DropRule, SourceRules, check, compiled, parse

NAME = "news.example.toml"
WHOLE = """
hosts = ["News.Example", "www.mirror.example"]
authors = ["河边通讯"]
article = [".entry", "#body"]
keep = [".letters", "aside.map"]

[[drop]]
name = "notices-2"
select = [".notice", ".alert"]
paragraphs = ['订阅.{1,9}']
first = ['编者按']
last = ['完', '（完）']
lists = ['相关文章']
rest = ['留言区']

[[drop]]
name = "date"
first = ['\\d{4}']
"""


def detail(body: str | bytes) -> str:
    with pytest.raises(RulesInvalid) as caught:
        parse(body.encode() if isinstance(body, str) else body, NAME)
    assert caught.value.name == NAME
    return caught.value.detail


def check_detail(source: SourceRules) -> str:
    with pytest.raises(RulesInvalid) as caught:
        check(source, NAME)
    assert caught.value.name == NAME
    return caught.value.detail


def test_a_whole_file() -> None:
    source = parse(WHOLE.encode(), NAME)
    assert source == SourceRules(
        name="news.example",
        hosts=("news.example", "mirror.example"),
        authors=("河边通讯",),
        article=".entry, #body",
        keep=".letters, aside.map",
        drops=(
            DropRule(
                "news.example/notices-2",
                select=".notice, .alert",
                paragraphs=("订阅.{1,9}",),
                first=("编者按",),
                last=("完", "（完）"),
                lists=("相关文章",),
                rest=("留言区",),
            ),
            DropRule("news.example/date", first=(r"\d{4}",)),
        ),
    )
    check(source, NAME)


def test_a_file_without_anything_is_read_but_does_not_pass_the_check() -> None:
    source = parse(b"", NAME)
    assert source == SourceRules("news.example")
    assert check_detail(source) == "hosts or authors: it says for which posts the rules are; give at least one"


@pytest.mark.parametrize("whose", [{"hosts": ("news.example",)}, {"authors": ("河边通讯",)}])
def test_hosts_or_authors_are_enough(whose: dict[str, tuple[str, ...]]) -> None:
    check(replace(SourceRules("news.example"), **whose), NAME)  # type: ignore[arg-type]  # two of its fields


def test_the_largest_file_that_is_read() -> None:
    assert parse(b"#" * MAX_BYTES, NAME) == SourceRules("news.example")
    assert detail(b"#" * (MAX_BYTES + 1)) == "it has 65,537 bytes; at most 65,536 are read"


def test_what_is_no_toml() -> None:
    assert detail(b'hosts = ["\xff"]') == "it is not UTF-8 (byte 10)"
    assert detail("hosts = [").startswith("it is not TOML: ")
    assert detail('hosts = ["a"]\nhosts = ["b"]').startswith("it is not TOML: ")


@pytest.mark.parametrize("depth", [1_000, 30_000])
def test_nested_toml_is_an_error_like_any_other(depth: int) -> None:
    assert detail("hosts = " + "[" * depth + "]" * depth).startswith(("it is not TOML: ", "hosts: "))


def test_unknown_fields() -> None:
    assert detail('host = ["a"]\nalso = 1') == "also: no such field; there are article, authors, drop, hosts, keep"
    assert detail("[[drop]]\nname = 'a'\nselects = ['p']") == (
        "drop a: selects: no such field; there are first, last, lists, name, paragraphs, rest, select"
    )


@pytest.mark.parametrize("field", ["hosts", "authors", "article", "keep"])
@pytest.mark.parametrize("value", ["'a'", "1", "{}", "[1]", "['a', ['b']]", "['']", f"['{'字' * 1_001}']"])
def test_what_is_no_list_of_texts(field: str, value: str) -> None:
    assert detail(f"{field} = {value}") == f"{field}: give a list of texts, each of 1 to 1,000 characters"


@pytest.mark.parametrize("kind", ["select", "paragraphs", "first", "last", "lists", "rest"])
def test_what_is_no_list_of_texts_in_a_rule(kind: str) -> None:
    assert (
        detail(f"[[drop]]\nname = 'a-1'\n{kind} = 'p'")
        == f"drop a-1: {kind}: give a list of texts, each of 1 to 1,000 characters"
    )
    many = ", ".join(["'p'"] * 201)
    assert detail(f"[[drop]]\nname = 'a-1'\n{kind} = [{many}]") == f"drop a-1: {kind}: at most 200 are read"


def test_how_many_entries_are_read() -> None:
    assert len(parse(f"hosts = [{', '.join(["'a'"] * 200)}]".encode(), NAME).hosts) == 200
    assert detail(f"hosts = [{', '.join(["'a'"] * 201)}]") == "hosts: at most 200 are read"
    assert parse(f"authors = ['{'字' * 1_000}']".encode(), NAME).authors == ("字" * 1_000,)


def test_how_many_rules_are_read() -> None:
    one = "[[drop]]\nname = 'a'\nselect = ['p']\n"
    assert len(parse((one * 200).encode(), NAME).drops) == 200
    assert detail(one * 201) == "drop: write [[drop]] for each rule, at most 200"


@pytest.mark.parametrize("value", ["'p'", "1", "['p']", "{name = 'a'}", "[{name = 'a', select = ['p']}, 1]"])
def test_what_is_no_list_of_rules(value: str) -> None:
    assert detail(f"drop = {value}") == "drop: write [[drop]] for each rule, at most 200"


@pytest.mark.parametrize(
    "name", ["", "name = ''", "name = 1", "name = 'A'", "name = 'a_b'", "name = '广告'", "name = 'a/b'", "name = ['a']"]
)
def test_rules_without_a_good_name(name: str) -> None:
    body = f"[[drop]]\nname = 'good'\nselect = ['p']\n[[drop]]\n{name}\nselect = ['p']"
    assert detail(body) == "drop 2: name: give it a name of small letters, digits and hyphens"


@pytest.mark.parametrize("kinds", ["", "select = []", "first = []\nlast = []"])
def test_rules_that_drop_nothing(kinds: str) -> None:
    expected = "drop a: give at least one of select, paragraphs, first, last, lists, rest"
    assert detail(f"[[drop]]\nname = 'a'\n{kinds}") == expected


def source_with(text: str) -> SourceRules:
    return parse(f"hosts = ['news.example']\n{text}".encode(), NAME)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("article = ['p >>']", "article: 'p >>' is no CSS selector"),
        ("keep = ['[']", "keep: '[' is no CSS selector"),
        # CSS would end these by itself, unless those of another file follow.
        ("keep = ['[b']", "keep: '[b' is no CSS selector"),
        ("article = [':is(b']", "article: ':is(b' is no CSS selector"),
        ("article = ['[a=\"b']", "article: '[a=\"b' is no CSS selector"),
        ("keep = ['a /* b']", "keep: 'a /* b' is no CSS selector"),
        ("[[drop]]\nname = 'a'\nselect = ['.b', ':nope(']", "news.example/a: '.b, :nope(' is no CSS selector"),
    ],
)
def test_bad_selectors(text: str, where: str) -> None:
    assert check_detail(source_with(text)) == where


@pytest.mark.parametrize("kind", ["paragraphs", "first", "last", "lists", "rest"])
def test_bad_patterns(kind: str) -> None:
    def of(pattern: str) -> str:
        return check_detail(source_with(f"[[drop]]\nname = 'a'\n{kind} = ['good', '{pattern}']"))

    where = f"news.example/a: {kind}: "
    assert of("(?=订)").startswith(f"{where}'(?=订)' is no pattern that RE2 takes: ")
    assert of(r"(.)\1").startswith(f"{where}{r'(.)\1'!r} is no pattern that RE2 takes: ")
    assert of("(").startswith(f"{where}'(' is no pattern that RE2 takes: ")
    assert of("(?:订阅)*") == f"{where}'(?:订阅)*' matches what is empty"
    assert of("订阅|") == f"{where}'订阅|' matches what is empty"


def test_a_pattern_that_takes_too_much_memory() -> None:
    assert "is no pattern that RE2 takes" in check_detail(source_with(f"[[drop]]\nname = 'a'\nfirst = ['{'.{1,1000}' * 100}']"))


def test_patterns_of_a_kind_are_one() -> None:
    drop = DropRule("a/b", paragraphs=("订阅|关注", r"\d+ 条"), last=("完",))
    patterns = drop.patterns
    assert set(patterns) == {"paragraphs", "last"}
    assert [bool(patterns["paragraphs"].fullmatch(text)) for text in ("订阅", "关注", "12 条", "订阅1 条", "订", "")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert drop.patterns is patterns


def test_compiled() -> None:
    assert compiled("(?i:abc)").fullmatch("ABC")
    with pytest.raises(ValueError, match="missing"):
        compiled("(")


def test_messages_that_are_text_already(monkeypatch: pytest.MonkeyPatch) -> None:
    import re2  # noqa: PLC0415  # as the module does it

    def refuse(_pattern: str, _options: object) -> None:
        raise re2.error("too much")

    monkeypatch.setattr(re2, "compile", refuse)
    with pytest.raises(ValueError, match="too much"):
        rules.compiled("a")


def test_patterns_that_pass_the_check_can_be_used_together() -> None:
    patterns = ", ".join(f"'.{{1,300}}甲.{{1,300}}{number}'" for number in range(200))
    source = source_with(f"[[drop]]\nname = 'a'\nfirst = [{patterns}]")
    try:
        check(source, NAME)
    except RulesInvalid:
        return  # it may be refused, but then here, and not at the first post
    assert source.drops[0].patterns["first"].fullmatch("一甲一7")
