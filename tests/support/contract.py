"""What describes the API, as it is committed: made of the code, and of what the API answers.

``python -m support.contract`` writes it anew (``make contract``); with ``--release`` also as what readers count on from now on.
"""

import json
import sys
from pathlib import Path
from typing import Any

from postkeep_local.contract.document import document
from postkeep_local.contract.page import page
from query_posts.routes import API_VERSION
from support.sample import Sample
from support.template import ROOT

FOLDER = ROOT / "functions" / "query" / "query_posts"
DOCUMENT, PAGE = FOLDER / "openapi.json", FOLDER / "docs.html"
RELEASED = ROOT / "tests" / "template" / "released.json"
"""The document of the last release."""


def made() -> dict[str, Any]:
    """The document, as the code is now."""
    sample = Sample()
    return document(sample.all_routes(), API_VERSION, sample.examples())


def files() -> dict[Path, str]:
    """What has to be in the files."""
    described = made()
    return {DOCUMENT: json.dumps(described, ensure_ascii=False, indent=1) + "\n", PAGE: page(described)}


if __name__ == "__main__":  # pragma: no cover
    for path, content in files().items():
        path.write_text(content, "utf-8")
    if "--release" in sys.argv[1:]:
        RELEASED.write_text(DOCUMENT.read_text("utf-8"), "utf-8")
