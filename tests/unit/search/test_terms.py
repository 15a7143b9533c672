import pytest

from search_posts.terms import characters, terms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("你好，iPhone手机", ["你好", "好|", "iphone", "+手", "手机"]),
        ("机iPhone", ["机+", "iphone"]),
        ("我，機器人", ["我|", "|机", "机器", "器人"]),
        ("手", []),
        ("iPhone", ["iphone"]),
        ("covid-19", ["covid", "19"]),
        ("用 a。b 的", ["用+", "a", "b", "+的"]),
        ("", []),
        ("，。", []),
    ],
)
def test_terms(text: str, found: list[str]) -> None:
    assert terms(text) == found


def test_characters_are_those_of_scripts_without_spaces() -> None:
    assert characters("臺灣 abc 台") == ["台", "湾", "台"]
