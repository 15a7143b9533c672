"""The page of the first hour: what it shows is what comes."""

import html
import re
import shutil
from pathlib import Path

import pytest

from support import captures
from support.built import needs_build
from support.workplace import Workplace

pytestmark = [pytest.mark.stack, needs_build]


@pytest.mark.skipif(not shutil.which("curl"), reason="this machine has no curl")
def test_the_first_hour_is_as_it_is_told(tmp_path: Path) -> None:
    """``make captures`` writes the page anew."""
    told = captures.DOCUMENT.read_text("utf-8")
    workplace = Workplace.furnished(tmp_path)
    try:
        typed, _ = captures.typed(workplace)
    finally:
        workplace.leave()
    assert captures.masked(typed) == captures.masked(told)


def test_images_are_drawn_of_what_the_first_hour_shows() -> None:
    told = captures.DOCUMENT.read_text("utf-8")
    for name, command in captures.PICTURED.items():
        image = (captures.IMAGES / f"{name}.svg").read_text("utf-8")
        answer = told.partition(f"$ {command}\n")[2].partition("\n$ ")[0]
        drawn = html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", "", image, flags=re.DOTALL))
        assert "".join(answer.split()) in "".join(drawn.split())
        assert not re.search(r"url\((?!#)|@import|<script|https?://(?!www\.w3\.org/2000/svg)", image)
