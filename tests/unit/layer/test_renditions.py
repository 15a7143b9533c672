import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.renditions import Removal, RenditionObject, RenditionPicture

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
RENDITIONS = st.builds(
    RenditionObject,
    post_id=TEXT,
    generation=st.integers(1),
    rules=TEXT,
    markdown=TEXT,
    text=TEXT,
    html=TEXT,
    pictures=st.lists(
        st.builds(
            RenditionPicture,
            id=TEXT,
            address=TEXT,
            alt=TEXT,
            caption=TEXT,
            fallbacks=st.lists(TEXT, max_size=3).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    summary=TEXT,
    warnings=st.lists(TEXT, max_size=3).map(tuple),
    removed=st.lists(st.builds(Removal, rule=TEXT, text=TEXT), max_size=3).map(tuple),
)


@given(RENDITIONS)
def test_a_rendition_survives_the_archive(rendition: RenditionObject) -> None:
    assert RenditionObject.decode(rendition.encode()) == rendition


def test_its_bytes_are_json_without_escapes() -> None:
    rendition = RenditionObject.decode(VERSION_1)
    expected = {**json.loads(VERSION_1), "v": 2, "html": "", "removed": []}
    expected["pictures"][0]["fallbacks"] = []
    assert json.loads(replace(rendition, version=2).encode()) == expected
    assert "一杯茶".encode() in rendition.encode()


VERSION_1 = """{"v":1,"post_id":"p","generation":3,"rules":1,"markdown":"**一杯茶**\\n","text":"一杯茶",
"pictures":[{"id":"i","address":"https://p.example/1.jpg","alt":"","caption":"茶"}],"summary":"一杯茶","warnings":["markup-flattened"]}""".encode()


def test_the_version_before_is_read_and_knows_less() -> None:
    rendition = RenditionObject.decode(VERSION_1)
    assert (rendition.text, rendition.rules, rendition.pictures[0].caption) == ("一杯茶", 1, "茶")
    assert rendition.pictures[0].fallbacks == ()
    assert (rendition.html, rendition.removed, rendition.is_whole) == ("", (), False)
    assert replace(rendition, version=2).is_whole


@pytest.mark.parametrize("version", [0, 3])
def test_another_version_is_refused(version: int) -> None:
    with pytest.raises(ValueError, match="another version"):
        RenditionObject.decode(json.dumps({"v": version}).encode())
