import sys
from pathlib import Path

import pytest

from make_thumbnail.resize import resize
from support.template import ROOT

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench import photographs, thumbnailers, thumbnails
from bench.photographs import Photograph
from bench.thumbnails import Cost


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyvips  # noqa: PLC0415 - which photographs imports where it runs alone

    monkeypatch.setattr(photographs, "pyvips", pyvips, raising=False)
    monkeypatch.setitem(photographs.MEGAPIXELS, "0.1", (368, 276))


@pytest.mark.parametrize("kind", photographs.FORMATS)
def test_pictures_are_the_same_each_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    small(monkeypatch)
    wanted = [Photograph(kind, "0.1")]
    photographs.write(tmp_path / "a", wanted)
    photographs.write(tmp_path / "b", wanted)
    content = (tmp_path / "a" / f"0.1.{kind}").read_bytes()
    assert content == (tmp_path / "b" / f"0.1.{kind}").read_bytes()
    made = resize(content)
    assert (made.kind, made.width, made.height, made.animated) == (kind, 368, 276, kind == "gif")


def test_all_ways_make_the_same_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small(monkeypatch)
    monkeypatch.setitem(photographs.MEGAPIXELS, "2", (1_632, 1_224))
    photographs.write(tmp_path, [Photograph("jpeg", "2")])
    content = (tmp_path / "2.jpeg").read_bytes()
    names = {"320.webp", "640.webp", "1280.webp", "640.jpeg"}
    assert set(thumbnailers.postkeep(content)) == set(thumbnailers.pillow(content)) == names
    assert set(thumbnailers.avif(content)) == {*names, "320.avif", "640.avif", "1280.avif"}


def test_ratios_are_of_the_rounds() -> None:
    ours = [Cost(seconds, 10, 0, {}) for seconds in (1, 4, 3)]
    theirs = [Cost(seconds, 20.6, 0, {}) for seconds in (2, 2, 2)]
    assert thumbnails.ratio(ours, theirs) == "1.50 (0.50–2.00)"
    assert thumbnails.milliseconds(ours) == "3000"
    assert thumbnails.mebibytes(theirs) == "21"
    assert thumbnails.table([["a", "b"], ["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_target_that_is_missed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = [Photograph("jpeg", "2"), Photograph("gif", "24")]
    costs = {(one.name, way): [Cost(1.0, 100, 0, {})] for one in wanted for way in ("postkeep", "vipsthumbnail")}
    thumbnails.verdict(costs, wanted)
    assert not capsys.readouterr().out
    costs["2.jpeg", "postkeep"] = [Cost(1.4, 100, 0, {})]
    costs["24.gif", "postkeep"] = [Cost(9.0, 151, 0, {})]
    thumbnails.verdict(costs, wanted)
    assert capsys.readouterr().out.count("MISSED") == 2


def test_packages_are_sized() -> None:
    assert 10 < thumbnails.unpacked(["pyvips-binary"]) < 40
