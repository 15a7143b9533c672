"""A reader of the documents, who types each command that they show: on a stack of its own, in a home of its own."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from postkeep_local.stack import control
from support import captures
from support.commands import DOCUMENTS, Command, commands, program
from support.template import ROOT
from support.workplace import Workplace, needs_copy

_KEY = "tea/_posts/2021-06-29-雨前茶.md"
_ID = "hxtk6nvyegulytwqv5xs5upzva"

_POST = """---
title: {title}
author: 陆羽
date: 2021-{month:02}-29T01:39:02.000Z
from: https://tea.example/posts/{number}
tags: [ 茶, 山 ]
---
<p>清晨的第一杯茶，明前茶与雨前茶各有其味，第{number}篇。</p><p>臺灣的選舉與茶無關。</p>
<p><img src="leaf.png" alt="一片叶子">订阅我们的来信，请到山下的茶馆，每周三次。</p>
"""

_RULES = """hosts = ["{host}"]

[[drop]]
name = "about-the-post"
select = [".entry-meta"]
"""

_TESTS = """[[tests]]
title = "the author's line"
html = '<div class="entry-meta">甲</div><p>正文。</p>'
text = "正文。"
removed = ["news.example/about-the-post"]
"""

_ARCHIVE = {
    _KEY: _POST.format(title="雨前茶", month=6, number=1),
    **{
        f"tea/_posts/2021-{month:02}-01-{number}.md": _POST.format(title=f"第{number}篇", month=month, number=number)
        for number, month in enumerate([1, 2, 3, 4, 5, 7], start=2)
    },
    "tea/_posts/a.md": _POST.format(title="要撤下的", month=8, number=9),
    "tea/_posts/rejected.md": "---\ntitle: [\n---\n",
}

_FILLED_IN = [
    # what a document leaves to its reader, and what a reader of these posts puts there
    (r"\bhttps://archive\.example\b", "{api}"),
    (r"\bhttp://127\.0\.0\.1:8080\b", "{api}"),
    (
        r"(postkeep (?:ls|show|find|open|counts) .*)--stack postkeep\b",
        r"\1--api {api}",
    ),  # the emulator names no address that there is
    (r"(--region |AWS_REGION=)eu-central-1", r"\1us-east-1"),  # where the emulator is
    (r"\bpostkeep-trial\b", "postkeep"),
    (r"river/_posts/2019-07-08-活字的重量\.md", _KEY),
    (
        r"\breprocess-1f0517587131\b",
        "$(postkeep reprocess --all --force 2>&1 | grep -o 'reprocess-[0-9a-f]*' | head -n 1; sleep 5)",
    ),
    (r"tag=…", "tag=茶"),
    (r"POSTKEEP_TOKEN=…", "POSTKEEP_TOKEN=none-is-asked-for"),
    (r"(?<=preview )(FILE\.\.\.|POST|path/to/post\.md|post\.md)", f"~/archive/{_KEY}"),
    (r"(?<=purge )KEY-OR-ID\.\.\.", "tea/_posts/a.md"),
    (r"(?<= )(ID|POST)(?= |$)", _ID),
    (r"(?<= )(DIR|FOLDER\.\.\.)(?= |$)", "~/archive"),
    (r"\b(my-archive|examples/posts)\b", "~/archive"),  # whose pictures are of no host
    (r"\b(BUCKET|my-posts)\b", "{bucket}"),
    (r"\bTOPIC\b", "arn:aws:sns:us-east-1:000000000000:postkeep-alarms"),
    (r"(?<=--uuid )UUID\b", "$(aws lambda list-event-source-mappings --query 'EventSourceMappings[0].UUID' --output text)"),
]

ELSEWHERE = {
    # commands that are not run here, and why
    r"make (test|check|audit|sbom|fuzz|soak|test-contract|test-sam)\b.*": "CI runs it, which a test cannot",
    r"make build": "it is done before any test",
    r"make bench-[a-z]+\b.*": "it measures for minutes; that the target is there is tested",
    r"sam (build|local|deploy)\b.*": "tests/sam runs SAM CLI, and to deploy needs an account; the options are tested below",
    r"aws logs tail\b.*": "version 2 of the AWS CLI alone has it; tests/template holds its names and filters to the template",
    r"postkeep trace .*--stack postkeep": "the emulator keeps no logs; tests/unit/cli asks moto",
    r"git (clone|pull|checkout)\b.*": "a reader's copy is here already",
    r"aws cloudformation .*--stack-name github-deploys-postkeep\b.*": "no emulator trusts GitHub; tests/template",
    r"aws service-quotas\b.*": "the emulator has no such service; tests/template holds it to botocore",
}


_NOT_OURS = {"curl", "openssl"}
"""Programs that a machine has or has not; a line with one that it lacks is left out."""

_REFUSED = {r"aws s3api delete-bucket .*": "BucketNotEmpty"}
"""What is to fail, and how: S3 takes a day to empty a bucket."""

_LAST = ROOT / "docs" / "deploying.md"
"""It ends with taking all down."""

SHOWING = sorted(
    (document for document in DOCUMENTS if commands(document) and document != captures.DOCUMENT), key=lambda d: d == _LAST
)
"""Documents that show commands, in the order to read them in; that of the first hour is typed by :mod:`support.captures`."""


class Reader:
    """Who follows the documents, and what was done so far."""

    @classmethod
    @contextmanager
    def seated(cls, folder: Path) -> Iterator[Self]:
        """Somebody with an archive of posts and some files of rules, who leaves in the end.

        Args:
            folder: an empty one.
        """
        made = Workplace.furnished(folder)
        for key, text in _ARCHIVE.items():
            (made.home / "archive" / key).parent.mkdir(parents=True, exist_ok=True)
            (made.home / "archive" / key).write_text(text, "utf-8")
        files = made.home / "files"
        files.mkdir()
        for name in ("news", "old", "tea"):
            (files / f"{name}.example.toml").write_text(_RULES.format(host=f"{name}.example"), "utf-8")
        (files / "news.example.tests.toml").write_text(_TESTS, "utf-8")
        made.must("postkeep learn ~/archive --output ~/files/learnt.json")
        try:
            yield cls(made)
        finally:
            made.leave()

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        self.has_put = False
        """The archive lies in the running stack, as far as is known."""
        self._first = True

    def ready(self) -> None:
        """Have the stack run, with the archive in it, as any document but README takes for granted."""
        must = self.workplace.must
        if not self.workplace.outputs():
            must("make up")
        self.workplace.configure()
        if self.has_put:
            return
        self.has_put = True
        must(f"cp ~/files/* ~/work; cp ~/files/tea.example.toml {self.workplace.root}")
        if "0 uploaded" in must("postkeep put ~/archive"):
            return
        if self._first:
            self._first = False
            bucket = self.workplace.outputs()["posts_bucket"]
            must(f"aws s3 cp ~/postkeep/examples/pictures/stone-bridge.png s3://{bucket}/tea/_posts/leaf.png")
            must("postkeep rules publish old.example.toml --number 6")
        assert control.await_idle(self.workplace.outputs_file.parent, seconds=100).idle
        self.workplace.count()
        must("postkeep counts authors")

    def filled_in(self, text: str) -> str:
        """A line with what the reader puts in the place of what a document leaves open."""
        outputs = self.workplace.outputs()
        for pattern, value in _FILLED_IN:
            said = value.replace("{api}", outputs.get("api_url", "")).replace("{bucket}", outputs.get("posts_bucket", ""))
            text = re.sub(pattern, said, text)
        return text if shutil.which("jq") else text.partition(" | jq ")[0]

    def follow(self, document: Path) -> list[str]:
        """Type all that a document shows; gives what failed, each with where it stands, what was typed and what came."""
        failed: list[str] = []
        told: list[str] = []
        self.has_put = False  # what lay there may have been purged
        for one in commands(document):
            text = typed(one)
            if _is_elsewhere(text) or _is_lacking(text):
                continue
            if not re.match(r"make (demo|up)\b|postkeep (demo|up)\b", text):
                self.ready()
            text = self.filled_in(text)
            inside = document == _LAST or needs_copy(text)
            names = " ".join(re.findall(r"(?:^|; )(\w+)=", text)) if program(one.text) == "=" else ""
            script = "\n".join([*told, text, *([f"declare -p {names} > ~/set"] if names else [])])
            result = self.workplace.run(script, inside=inside)
            self.has_put = self.has_put and not re.search(r"\b(down|demo|purge)\b", text)
            if names and not result.returncode:
                told.append((self.workplace.home / "set").read_text("utf-8"))  # their values, which may not be had later
            elif program(one.text) in {"name()", "export"}:
                told.append(text)
            refusal = next((word for pattern, word in _REFUSED.items() if re.fullmatch(pattern, text)), "")
            if (refusal not in result.stdout) if refusal else result.returncode:
                place = f"{document.name}:{one.line}: {one.text}"
                failed.append(f"{place}\n→ {text}\n{result.returncode}\n{result.stdout[-3000:]}")
        return failed


def typed(one: Command) -> str:
    """A command without what is said of it."""
    return re.sub(r"\s+# .*$", "", one.text)


def _is_elsewhere(text: str) -> bool:
    return any(re.fullmatch(pattern, text) for pattern in ELSEWHERE)


def _is_lacking(text: str) -> bool:
    return any(name in _NOT_OURS and not shutil.which(name) for name in re.findall(r"[a-z]+", text))
