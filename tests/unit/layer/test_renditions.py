import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.renditions import RenditionObject, RenditionPicture

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
RENDITIONS = st.builds(
    RenditionObject,
    post_id=TEXT,
    generation=st.integers(1),
    rules=TEXT,
    markdown=TEXT,
    text=TEXT,
    pictures=st.lists(st.builds(RenditionPicture, id=TEXT, address=TEXT, alt=TEXT, caption=TEXT), max_size=3).map(tuple),
    summary=TEXT,
    warnings=st.lists(TEXT, max_size=3).map(tuple),
)


@given(RENDITIONS)
def test_a_rendition_survives_the_archive(rendition: RenditionObject) -> None:
    assert RenditionObject.decode(rendition.encode()) == rendition


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="another version"):
        RenditionObject.decode(json.dumps({"v": 2}).encode())
