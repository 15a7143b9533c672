"""The example posts and pictures are what the demonstration and the documentation say they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from postkeep.post import archive_of
from postkeep_local.preview import Previewer

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
POSTS = EXAMPLES / "posts"
PICTURES = EXAMPLES / "pictures"

HOST = "https://pictures.postkeep.example/"

EXPECTED: dict[str, dict[str, Any]] = {
    "tea/_posts/2021-04-18-明前、雨前：一片茶葉的日程.md": {
        "title": "明前、雨前：一片茶葉的日程",
        "author": "山間郵報",
        "published": "2021-04-18T01:39:02.000Z",
        "tags": ["山間郵報"],
        "source_url": "https://news.postkeep.example/a/tea-calendar-20210417/5946342.html",
        "images": ["tea-hills.jpg"],
        "has": ["茶農看日子，不看月曆，看節氣。", "清晨的茶山，採茶人要在露水乾透以前下到最後一行。", "提前了一個星期。"],
        "lacks": ["获取更多RSS", "feedx", "GMT", "------", "1618709942000"],
    },
    "tea/archived/2019-12-03/2019-12-03-冬天的奶茶 & 暖手：100% 手工 #食譜.md": {
        "title": "冬天的奶茶 & 暖手：100% 手工 #食譜",
        "author": "灶下筆記",
        "published": "2019-12-03T03:20:00.000Z",
        "tags": ["茶館"],
        "source_url": "https://teahouse.postkeep.example/recipes/milk-tea?lang=zh&print=0",
        "images": ["奶茶.webp"],
        "has": ["紅茶葉 12 克", "最後放糖。先放糖，茶就不香了。", "一半在等。」——外婆", "最後倒進去的牛奶。"],
        "lacks": ["base64", "noscript"],
    },
    "tea/_posts/2022-08-09-How a Teapot Pours.md": {
        "title": "How a Teapot Pours - The Quiet Kitchen",
        "author": "The Quiet Kitchen",
        "published": "2022-08-09T16:02:30.000Z",
        "tags": ["The Quiet Kitchen"],
        "source_url": "https://teahouse.postkeep.example/2022/08/how-a-teapot-pours/",
        "images": ["tea-hills.jpg"],
        "has": ["The reason is not gravity but wetting (at a low speed", "runs down the underside to the tablecloth."],
        "lacks": ["Share this", "Related", "Click to share"],
    },
    "tea/archived/2020-05-21/2020-05-21-🍵茶館的一天：第 3 集｜#茶藝 #慢生活.md": {
        "title": "🍵茶館的一天：第 3 集｜#茶藝 #慢生活",
        "author": "茶館小劉",
        "published": "2020-05-21T18:59:40.000Z",
        "tags": ["茶館小劉"],
        "source_url": "https://videos.postkeep.example/watch?v=teahouse-003",
        "images": [],
        "has": ["五點半開門，先燒一大壺水", "https://videos.postkeep.example/watch?v=teahouse-001", "老茶館的一天"],
        "lacks": ["<div>", "1590087580000"],
    },
    "tea/archived/2021-08-08/2021-08-08-（沒有文字說明的影片）.md": {
        "title": "（沒有文字說明的影片）",
        "author": "茶館小劉",
        "published": "2021-08-08T04:00:00.000Z",
        "tags": ["茶館小劉"],
        "source_url": "https://videos.postkeep.example/watch?v=teahouse-017",
        "images": [],
        "has": [],
        "lacks": ["NaN", "沒有文字", "-"],
    },
    "tea/_posts/2018-06-15-喫茶養生記をひらく.txt": {
        "title": "『喫茶養生記』をひらく",
        "author": "古書店みずうみ",
        "published": "2018-06-15T00:00:00.000Z",
        "tags": ["古書店みずうみ", "日本語"],
        "source_url": "https://teahouse.postkeep.example/ja/kissa-yojoki",
        "images": [],
        "has": ["仙薬", "鎌倉時代の禅僧、栄西が書いた『喫茶養生記』である。", "湯を沸かす人の気持ち"],
        "lacks": ["<ruby>", "------"],
    },
    "river/_posts/2021-09-12-石桥的算术.md": {
        "title": "石桥的算术",
        "author": "河边杂志",
        "published": "2021-09-12T08:00:00.000Z",
        "tags": ["河边"],
        "source_url": "https://news.postkeep.example/rivers/bridge-arithmetic",
        "images": ["stone-bridge.png", "tide.jpg"],
        "has": ["桥工把这叫作“抱”：大家抱在一起", "主拱跨度三十七米，两肩各开两个小拱，让洪水过去。", "果然少了两筐。"],
        "lacks": ["substack", "wp.com"],
    },
    "river/archived/2019-08-20/2019-08-20-河道、橋梁的算術（再版）.md": {
        "title": "河道\\橋梁的算術（再版）",
        "author": "河邊雜誌",
        "published": "2019-08-20T00:00:00.000Z",
        "tags": ["河邊"],
        "source_url": "https://news.postkeep.example/rivers/bridge-arithmetic",
        "images": [],
        "has": ["一座石拱橋站得住，靠的不是膠，也不是釘子", "這裡留下最早的一版。"],
        "lacks": ["1566259200000"],
        "warnings": 1,
    },
    "river/archived/2020-10-02/2020-10-02-翠鳥回來了：城市河道的一年.markdown": {
        "title": "翠鳥回來了：城市河道的一年",
        "author": "觀鳥人阿禾",
        "published": "2020-10-02T01:30:00.000Z",
        "tags": ["觀鳥", "城市河流"],
        "source_url": "https://news.postkeep.example/birds/kingfisher-year",
        "images": ["kingfisher.webp"],
        "has": ["一月：沒有鳥", "我數到三隻麻雀、一個塑膠袋，收工。", "至少二十步", "120 厘米", "第一行還空着。"],
        "lacks": ["**", "| ---", "![", "1601602200000"],
    },
    "river/_posts/2022-11-30-潮汐表怎么读.html": {
        "title": "潮汐表怎么读",
        "author": "码头气象站",
        "published": "2022-11-30T12:15:00.000Z",
        "tags": ["潮汐", "海洋", "天气"],
        "source_url": "https://news.postkeep.example/tides/how-to-read",
        "images": ["tide.jpg"],
        "has": ["03:12（4.1 米）", "低潮前一小时出发，低潮后一小时往回走"],
        "lacks": ["<td>"],
    },
    "river/_posts/2019-07-08-活字的重量.md": {
        "title": "活字的重量：“一個字，三錢鉛”",
        "author": "河邊印刷所",
        "published": "2019-07-08T22:30:00.000Z",
        "tags": ["印刷所"],
        "source_url": "https://news.postkeep.example/print/weight-of-type",
        "images": ["movable-type.jpg", "broken.jpg", "gone.jpg"],
        "has": ["常用的「的」「一」「是」各備三百個，加起來一噸半。", "只留下那一個木頭的。"],
        "lacks": ["weserv"],
    },
    "river/archived/2021-03-05/2021-03-05-图书馆夜里在做什么？.md": {
        "title": "图书馆夜里在做什么？",
        "author": "图书馆之友 & 社区报",
        "published": "2021-03-05T13:00:00.000Z",
        "tags": ["社区报"],
        "source_url": "https://news.postkeep.example/library/at-night",
        "images": ["night-library.png"],
        "has": ["一小时能送 1,200 本", "温度 < 20 度，湿度 45%～55%"],
        "lacks": ["null"],
    },
    "river/_posts/2024-01-15-雲的名字 + 天氣 ☁️.md": {
        "title": "雲的名字 + 天氣 ☁️",
        "author": "碼頭氣象站",
        "published": "2024-01-15T06:30:00.000Z",
        "tags": ["碼頭氣象站"],
        "source_url": "https://news.postkeep.example/weather/names-of-clouds",
        "images": ["clouds.gif"],
        "has": ["卷是頭髮，積是一堆，層是鋪開的被子。", "一、雲高而薄，兩天以內還是好天。\n二、雲像魚鱗，明天有風。\n三、"],
        "lacks": ["pixel.gif"],
    },
}

REJECTED = {
    "river/_posts/2023-05-01-引號沒有關好.md": ("front-matter-invalid", "line 3"),
    "river/_posts/2017-01-01-旧编码.txt": ("not-utf-8", "line 3"),
    "tea/_posts/2016-02-29-只有正文.md": ("no-front-matter", "---"),
}


@pytest.fixture(scope="module")
def previews() -> Mapping[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in Previewer(root=POSTS)([str(POSTS)]):
        assert isinstance(line, dict)
        found[Path(line["path"]).relative_to(POSTS).as_posix()] = line
    return found


def test_there_are_the_examples_that_are_expected_and_no_others(previews: Mapping[str, Any]) -> None:
    assert set(previews) == EXPECTED.keys() | REJECTED.keys()


@pytest.mark.parametrize("key", EXPECTED)
def test_an_example_gives_what_it_should(previews: Mapping[str, dict[str, Any]], key: str) -> None:
    line, expected = previews[key], EXPECTED[key]
    assert {name: line[name] for name in ("title", "author", "published", "tags", "source_url")} == {
        name: expected[name] for name in ("title", "author", "published", "tags", "source_url")
    }
    assert [unquote(address) for address in line["images"]] == [HOST + name for name in expected["images"]]
    assert line["rejected"] is line["detail"] is None
    assert len(line["warnings"]) == expected.get("warnings", 0)
    for text in expected["has"]:
        assert line["text"].count(text) == 1, text
    written = (POSTS / key).read_text(encoding="utf-8")
    for text in expected["lacks"]:
        assert text in written
        assert text not in line["text"]


def test_the_video_without_words_has_an_empty_text(previews: Mapping[str, dict[str, Any]]) -> None:
    assert previews["tea/archived/2021-08-08/2021-08-08-（沒有文字說明的影片）.md"]["text"].strip() == ""


@pytest.mark.parametrize("key", REJECTED)
def test_a_rejected_example_says_why(previews: Mapping[str, dict[str, Any]], key: str) -> None:
    line, (reason, hint) = previews[key], REJECTED[key]
    assert line["rejected"] == reason
    assert hint in line["detail"]
    assert (line["text"], line["markdown"], line["images"], line["title"]) == (None, None, [], "")


def test_the_examples_are_two_archives_and_two_versions_of_one_article(previews: Mapping[str, dict[str, Any]]) -> None:
    assert {archive_of(key) for key in previews} == {"tea", "river"}
    addresses = [line["source_url"] for line in previews.values() if line["source_url"]]
    assert len(addresses) - len(set(addresses)) == 1


def test_every_picture_is_there_but_the_one_that_is_gone(previews: Mapping[str, dict[str, Any]]) -> None:
    used = {unquote(urlsplit(address).path).removeprefix("/") for line in previews.values() for address in line["images"]}
    there = {picture.name for picture in PICTURES.iterdir()}
    assert used - there == {"gone.jpg"}
    assert there - used == set()


WHOLE = [path for path in sorted(PICTURES.iterdir()) if path.name != "broken.jpg"]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name)
def test_a_picture_is_small_and_whole(path: Path) -> None:
    assert path.stat().st_size <= 40_000
    with Image.open(path) as picture:
        picture.load()
        assert min(picture.size) >= 320


def test_the_broken_picture_begins_well_and_breaks_off() -> None:
    with Image.open(PICTURES / "broken.jpg") as picture, pytest.raises(OSError, match="truncated"):
        picture.load()


def test_the_pictures_are_of_the_four_kinds() -> None:
    kinds = set()
    for path in WHOLE:
        with Image.open(path) as picture:
            kinds.add(picture.format)
    assert kinds == {"JPEG", "PNG", "WEBP", "GIF"}
