"""Against real posts, where they are at hand: none of them is part of the repository."""

import json
import re
import unicodedata
from pathlib import Path

import frontmatter
import pytest
import yaml

from postkeep.post import Metadata
from render_post.rendition import RenderedText, render

CORPUS = Path(__file__).resolve().parents[3] / "../shared/corpus"
pytestmark = pytest.mark.skipif(not (CORPUS / "gold").is_dir(), reason="the corpus of real posts is not here")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def rendered(path: str) -> RenderedText:
    wanted = unicodedata.normalize("NFC", path)
    file = next(file for file in (CORPUS / "dev").rglob("*") if unicodedata.normalize("NFC", str(file)).endswith(wanted))
    text = file.read_text(encoding="utf-8", errors="replace")
    try:
        post = frontmatter.loads(text)
    except yaml.YAMLError:
        return render(text.split("\n---\n", 1)[1], Metadata(), path)
    return render(
        post.content, Metadata(title=str(post.get("title") or ""), source_url=str(post.get("from") or "") or None), path
    )


def test_gold() -> None:
    lost, leaked, wrong = [], [], []
    for file in sorted((CORPUS / "gold").glob("*.json")):
        gold = json.loads(file.read_text(encoding="utf-8"))
        result = rendered(gold["path"])
        text = squeezed(result.text)
        lost += [(file.name, words) for words in gold["must_contain"] if squeezed(words) not in text]
        leaked += [(file.name, words) for words in gold["must_not_contain"] if squeezed(words) in text]
        first = gold.get("first_image_origin_url")
        if first and (not result.pictures or result.pictures[0].address not in [first, *gold.get("first_image_accept", [])]):
            wrong.append(file.name)
    assert lost == []
    assert leaked == []
    assert wrong == []
