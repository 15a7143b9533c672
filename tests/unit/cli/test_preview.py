import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from parse_post.ingest import Ingest
from postkeep.frontmatter import parse
from postkeep.post import post_id
from postkeep_local.cli import main
from postkeep_local.preview import MAX_POST_BYTES, Failure, Previewer, encode
from render_post.rendition import render

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples" / "posts"
CORPUS = ROOT / "../shared/corpus/dev"

POST = """---
title: "茶"
date: 2021-04-18T01:39:02.000Z
from: https://news.postkeep.example/a
tags: [ 茶 ]
---
<p>一杯茶。</p>
"""


def lines(*arguments: str, code: int = 0) -> list[dict[str, Any]]:
    result = CliRunner().invoke(main, ["preview", *arguments])
    assert result.exit_code == code, result.output
    return [json.loads(line) for line in result.stdout_bytes.decode("utf-8").splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, name: str, text: str = POST) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_one_line_has_all_fields(folder: Path) -> None:
    put(folder, "a/茶.md")
    assert lines("a/茶.md") == [
        {
            "path": "a/茶.md",
            "id": post_id("a/茶.md"),
            "title": "茶",
            "author": "",
            "published": "2021-04-18T01:39:02.000Z",
            "tags": ["茶"],
            "categories": [],
            "source_url": "https://news.postkeep.example/a",
            "text": "一杯茶。",
            "markdown": "一杯茶。\n",
            "html": "<p>一杯茶。</p>\n",
            "removed": [],
            "language": "zh",
            "words": 3,
            "images": [],
            "rejected": None,
            "detail": None,
            "warnings": [],
        }
    ]


def test_the_output_is_utf_8_and_not_escaped(folder: Path) -> None:
    put(folder, "a.md")
    output = CliRunner().invoke(main, ["preview", "a.md"]).stdout_bytes
    assert "一杯茶。".encode() in output
    assert output.count(b"\n") == 1


def test_a_lone_surrogate_becomes_an_escape_that_json_reads() -> None:
    assert json.loads(encode({"text": "茶\ud800"})) == {"text": "茶\ud800"}


def test_no_date_is_null(folder: Path) -> None:
    put(folder, "a.md", "---\ntitle: x\n---\ny\n")
    assert lines("a.md")[0]["published"] is None


def test_folders_are_walked_in_order_and_only_posts_are_taken(folder: Path) -> None:
    for name in ("d/b.md", "d/a/z.txt", "d/c.html", "d/e.markdown", "d/f.jpg", "d/g.md.bak"):
        put(folder, name)
    assert [line["path"] for line in lines("d")] == ["d/a/z.txt", "d/b.md", "d/c.html", "d/e.markdown"]
    assert [line["path"] for line in lines("d/b.md", "d/a")] == ["d/b.md", "d/a/z.txt"]


@pytest.mark.parametrize("given", [".", "./", "./d", "d/", "./d//", "././d/b.md"])
def test_a_leading_dot_does_not_count(folder: Path, given: str) -> None:
    put(folder, "d/b.md")
    (line,) = lines(given)
    assert (line["path"], line["id"]) == ("d/b.md", post_id("d/b.md"))


def test_root_and_prefix_make_the_keys_that_put_makes(folder: Path) -> None:
    put(folder, "archive/_posts/b.md")
    (line,) = lines("--root", "archive", "--prefix", "old/", "archive")
    assert (line["path"], line["id"]) == ("archive/_posts/b.md", post_id("old/_posts/b.md"))
    assert lines("--root", str(folder / "archive"), "archive/_posts/b.md")[0]["id"] == post_id("_posts/b.md")


def test_the_key_is_what_gives_a_date_of_last_resort(folder: Path) -> None:
    put(folder, "2018-06-15-x.md", "---\ntitle: x\n---\ny\n")
    assert lines("2018-06-15-x.md")[0]["published"] == "2018-06-15T00:00:00.000Z"


def test_what_cannot_be_read_is_told_and_the_others_are_printed(folder: Path) -> None:
    put(folder, "a.md")
    put(folder, "b.jpg")
    put(folder, "elsewhere/c.md")
    (folder / "d.md").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.md")
    result = CliRunner().invoke(main, ["preview", "gone.md", "b.jpg", "d.md", "pipe.md", "a.md"])
    assert result.exit_code == 1
    assert [json.loads(line)["path"] for line in result.stdout.splitlines()] == ["a.md"]
    assert result.stderr.splitlines() == [
        "postkeep: gone.md: No such file or directory",
        "postkeep: b.jpg: its name ends in none of .md .markdown .html .txt",
        "postkeep: d.md: No such file or directory",
        "postkeep: pipe.md: not a regular file",
    ]
    result = CliRunner().invoke(main, ["preview", "--root", "elsewhere", "a.md", "elsewhere/c.md"])
    assert result.exit_code == 1
    assert "a.md: it is not below elsewhere" in result.stderr
    assert '"elsewhere/c.md"' in result.stdout


def test_a_folder_that_cannot_be_listed_is_a_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "d/a.md")

    def refuse(path: str) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(Previewer()(["d"])) == [Failure("d", "Permission denied")]


def test_a_path_that_the_system_refuses_is_a_failure(folder: Path) -> None:
    (found,) = Previewer()(["x" * 5000 + ".md"])
    assert isinstance(found, Failure)


def test_a_file_name_that_is_not_utf_8_is_a_failure(folder: Path) -> None:
    if sys.platform == "darwin":
        pytest.skip("macOS keeps no such names")
    (folder / "d").mkdir()
    name = os.fsdecode(b"d/\xb2\xe8.md")
    Path(name).write_text(POST, encoding="utf-8")
    expected = Failure("d/\\xb2\\xe8.md", "its name is not UTF-8, which keys must be")
    assert list(Previewer()([name])) == [expected]
    assert list(Previewer()(["d"])) == [expected]


def test_the_limit_is_that_of_the_template() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    assert f"Default: {MAX_POST_BYTES}\n" in template[template.index("MaxPostBytes:\n") :][:100]


def test_a_file_at_the_limit_is_taken_and_one_above_is_rejected(folder: Path) -> None:
    put(folder, "a.md")
    size = len(POST.encode())
    assert lines("--max-bytes", str(size), "a.md")[0]["rejected"] is None
    (line,) = lines("--max-bytes", str(size - 1), "a.md")
    assert line["rejected"] == "too-large"
    assert line["detail"] == f"the file has {size} bytes; the limit is {size - 1}"
    assert (line["text"], line["images"]) == (None, [])


def posts() -> list[Path]:
    real = sorted(CORPUS.rglob("*.*"))[::11] if CORPUS.is_dir() else []
    return [path for path in [*sorted(EXAMPLES.rglob("*.*")), *real] if path.is_file()]


def test_it_says_what_the_functions_record() -> None:
    """The same files through the real ingest on in-memory stores: nothing may differ."""
    table = MemoryTable()
    objects = MemoryBucket()
    ingest = Ingest(
        posts=table, renders=MemoryQueue(), max_bytes=20_000, tombstone_life=timedelta(days=1), now=lambda: datetime.now(UTC)
    )
    rejected = 0
    for path in posts():
        name = path.as_posix()
        (line,) = Previewer(max_bytes=20_000)([name])
        assert isinstance(line, dict)
        objects.put(name, path.read_bytes(), content_type="text/markdown")
        ingest(name, None, objects)
        post = table.get(post_id(name))
        assert post is not None
        assert line["id"] == post.id
        assert (line["rejected"] or "", line["detail"] or "") == (post.reason, post.detail)
        assert (line["title"], line["author"], line["source_url"]) == (
            post.metadata.title,
            post.metadata.author,
            post.metadata.source_url,
        )
        assert (line["tags"], line["categories"]) == (list(post.metadata.tags), list(post.metadata.categories))
        if post.metadata.published:
            assert datetime.fromisoformat(line["published"]) == post.metadata.published
        if line["rejected"]:
            rejected += 1
        else:
            assert line["warnings"][: len(post.warnings)] == list(post.warnings)
    assert rejected >= 3


def test_the_text_is_what_render_gives() -> None:
    path = EXAMPLES / "river/_posts/2021-09-12-石桥的算术.md"
    (line,) = Previewer()([str(path)])
    assert isinstance(line, dict)
    parsed = parse(path.read_bytes(), str(path))
    rendered = render(parsed.body, parsed.metadata, str(path))
    assert (line["text"], line["markdown"]) == (rendered.text, rendered.markdown)
    assert line["images"] == [picture.address for picture in rendered.pictures]
