import sys
from pathlib import Path

import pytest

from support.template import ROOT

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench import pictures

HEAD = "---\ntitle: 茶\nfrom: {}\n---\n"
PAGE = (
    HEAD.format("https://news.example/tea")
    + """<div><p>茶凉了。</p><figure><img src="https://p.example/1.jpg" alt="茶"><figcaption>一杯</figcaption></figure>
<img src="/2.jpg"><img src="https://i0.wp.com/p.example/3.jpg?ssl=1"><img src="data:image/gif;base64,x">
<a href="https://p.example/4.jpg"><img src="https://p.example/4-300x200.jpg"></a>
<noscript><img src="https://p.example/1.jpg"></noscript><img class="emoji" alt="😀" src="https://s.example/1f600.png">
<a href="https://p.example/who"><img width="40" height="40" src="https://p.example/5.jpg"></a></div>"""
)


def test_each_picture_is_counted_by_its_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "news" / "_posts"
    folder.mkdir(parents=True)
    (folder / "2021-06-29-a.md").write_text(PAGE, encoding="utf-8")
    (folder / "2021-06-30-b.md").write_text(HEAD.format("''") + "<div><p>酒</p><img src='b.jpg'></div>", encoding="utf-8")
    (folder / "2021-07-01-c.md").write_text(HEAD.format("https://youtu.be/abcdefghijk") + "说明", encoding="utf-8")
    (folder / "2021-07-02-d.md").write_bytes(b"---\ntitle: [\n---\n")
    assert pictures.main([str(tmp_path), "--examples", "1", "--repeated", "1"]) == 0
    lines = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert lines >= {
        "3 posts; 2 with pictures, 1 with their video's still", "src, direct 1", "src, direct, relative 1",
        "src, photon 1", "link, direct 1",
        "src, the archive's own 1", "emoji 1", "skipped: placeholder 1", "skipped: portrait 1", "passed over: generic/noscript 1",
        "pictures of posts, each once in a post 5", "with a caption 1",
        "with an alternative text 1", "with 1 fallbacks 2",
        "that only the archive can have 1", "https://p.example/3.jpg", "1 https://p.example/4.jpg",
    }  # fmt: skip


def test_where_there_is_nothing_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pictures.main([str(tmp_path)]) == 2
    assert "no posts" in capsys.readouterr().err
