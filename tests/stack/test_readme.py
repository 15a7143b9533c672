"""README, as who is new here would follow it."""

from pathlib import Path

import pytest

from support.built import needs_build
from support.reader import SHOWING, Reader
from support.template import ROOT

pytestmark = [pytest.mark.stack, needs_build]


def test_what_it_shows_works(tmp_path: Path) -> None:
    document = ROOT / "README.md"
    assert document in SHOWING
    with Reader.seated(tmp_path) as reader:
        failed = reader.follow(document)
    assert not failed, "\n\n".join(failed)
