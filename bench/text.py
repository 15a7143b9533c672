"""How good the cleaning is and how fast, beside html2text and other tools, on the same posts in one process.

    make bench-text [ARGS="--write"]
    python bench/text.py [--posts FOLDER --gold FOLDER] [--fixtures] [--bulk 500] [--rounds 5] [--slowest 10] [--write]

The texts are held against gold: passages that must be in them, and passages that must not, as people who read the posts noted
them. By default the posts are the real ones where they are at hand, else the repository's own (``--fixtures``). The time is CPU
time on the posts in HTML; ``--bulk`` adds about so many posts to these. ``--slowest`` lists the posts that take Postkeep longest.
``--write`` puts the table into docs/quality.md, which says how to read it.

The exit status is 2 if a tool is not installed, or if there is nothing to measure.
"""

import argparse
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # what measures lies beside this script and among the tests
sys.path.append(str(ROOT / ".venv-bench"))  # last, so that what the functions ship is what is measured

from bench import tables, timing, tools  # noqa: E402 (found by the path above)
from bench.tables import Row  # noqa: E402
from bench.tools import Tool  # noqa: E402

from postkeep.errors import PostRejected  # noqa: E402
from postkeep.frontmatter import ParsedPost, parse  # noqa: E402
from postkeep_local.folder import PostFile, walk  # noqa: E402
from render_post.rendition import RULES  # noqa: E402
from render_post.source import form_of, without_head  # noqa: E402
from support.corpus import CORPUS, bulk_posts, same_path  # noqa: E402
from support.gold import fixture_posts  # noqa: E402
from support.scoring import Gold, Output, Score, corpus_gold  # noqa: E402

DOCUMENT = ROOT / "docs" / "quality.md"

_NOTHING = 2
"""The exit status where nothing can be measured."""

type Post = tuple[str, ParsedPost]
"""A post under its object's key."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is measured on.

    Attributes:
        name: for the document.
        gold: what is known of some posts.
        posts: by key, those of the gold among them.
        more: posts for the speed alone.
    """

    name: str
    gold: Sequence[Gold]
    posts: Mapping[str, ParsedPost]
    more: Sequence[Post] = ()

    def in_html(self) -> list[Post]:
        """The posts whose speed is measured."""
        return [(key, post) for key, post in [*self.posts.items(), *self.more] if is_marked_up(key, post)]

    def post_of(self, gold: Gold) -> Post | None:
        """The post that somebody's gold is about; None if it is not here, or is rejected."""
        return next(((key, post) for key, post in self.posts.items() if same_path(key, gold.path)), None)


def is_marked_up(key: str, post: ParsedPost) -> bool:
    """Whether a body is HTML with a paragraph or a picture: what there is some work to do on."""
    return form_of(without_head(post.body, post.metadata), key) == "html" and ("<p" in post.body or "<img" in post.body)


def understood(files: Mapping[str, bytes]) -> dict[str, ParsedPost]:
    """The posts of the files that are not rejected, in the order of the keys."""
    found = {}
    for key in sorted(files):
        try:
            found[key] = parse(files[key], key)
        except PostRejected:
            continue
    return found


def corpus(posts: Path, gold: Path, bulk: int) -> Material:
    """Real posts of a folder, with a folder of gold.

    Args:
        posts: the archives' folders.
        gold: JSON files, see :func:`support.scoring.corpus_gold`.
        bulk: about so many more posts for the speed.
    """
    files = {entry.key: entry.path.read_bytes() for entry in walk(posts) if isinstance(entry, PostFile)}
    more = understood(dict(bulk_posts(bulk))) if bulk else {}
    return Material("real", corpus_gold(gold), understood(files), [*more.items()])


def own(bulk: int) -> Material:
    """The repository's own posts with gold.

    Args:
        bulk: as for :func:`corpus`.
    """
    found = fixture_posts()
    more = understood(dict(bulk_posts(bulk))) if bulk else {}
    files = {key: body for _, key, body in found}
    return Material("the repository's own", [gold for gold, _, _ in found], understood(files), [*more.items()])


def texts(tool: Tool, posts: Sequence[Post]) -> Iterator[Output]:
    """What a tool makes of each post; an empty text where it fails."""
    for key, post in posts:
        try:
            yield tool.output(tool.run(key, post))
        except Exception as error:  # noqa: BLE001 (other people's code may fail in any way, and is told of)
            _tell(f"{tool.name} fails on {key}: {error!r}")
            yield Output("", () if tool.pictures else None)


def score(tool: Tool, material: Material) -> Score:
    """Hold a tool's texts and pictures against the gold; the metadata is not its business."""
    total = Score()
    for gold in material.gold:
        post = material.post_of(gold)
        total.add(gold, next(texts(tool, [post])) if post else None)
    return total


def measure(chosen: Sequence[Tool], material: Material, rounds: int) -> tuple[list[Row], timing.Times]:
    """Score and time the tools."""
    posts = material.in_html()
    _tell(f"{len(material.gold)} posts with gold, {len(posts)} in HTML")
    scores = {tool.name: score(tool, material) for tool in chosen}
    empty = {tool.name: sum(not made.text.strip() for made in texts(tool, posts)) for tool in chosen}
    _tell(f"timing {len(chosen)} tools in {rounds} rounds")
    times = timing.measure({tool.name: _way(tool) for tool in chosen}, posts, rounds)
    rows = [
        Row(tool.name, scores[tool.name], timing.speed(times, tool.name, tools.BASELINE), empty[tool.name]) for tool in chosen
    ]
    return rows, times


def _way(tool: Tool) -> Callable[[Post], object]:
    def run(post: Post) -> object:
        try:
            return tool.run(*post)
        except Exception:  # noqa: BLE001 (told of when its texts were scored)
            return None

    return run


def heading(material: Material, chosen: Sequence[Tool], rounds: int) -> str:
    """What the table was made with."""
    versions = ", ".join(f"{name} {number}" for name, number in tools.versions(chosen).items())
    return (
        f"{len(material.gold)} posts with gold ({material.name}), {len(material.in_html()):,} posts in HTML; {rounds} rounds; "
        f"{datetime.now(UTC).date()}; {processor()}, Python {platform.python_version()}; "
        f"Postkeep's rules version {RULES}, {versions}."
    )


def processor() -> str:
    """The name of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:  # no Linux
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} ({len(names)} cores)" if names else platform.processor() or platform.machine()


def slowest(material: Material, times: timing.Times, number: int) -> str:
    """The posts that take Postkeep longest, with its time and html2text's, in milliseconds."""
    ours, theirs = (timing.medians(times[name]) for name in (tools.POSTKEEP, tools.BASELINE))
    found = sorted(zip(ours, theirs, (key for key, _ in material.in_html()), strict=True), reverse=True)[:number]
    return "\n".join(f"{our * 1000:8.1f} {their * 1000:8.1f}  {key}" for our, their, key in found)


def read(arguments: argparse.Namespace) -> Material | None:
    """What the arguments ask to measure on; None if there is nothing."""
    folders = arguments.posts or CORPUS / "dev", arguments.gold or CORPUS / "gold"
    if not arguments.fixtures and all(folder.is_dir() for folder in folders):
        return corpus(*folders, arguments.bulk)
    named = arguments.posts or arguments.gold  # and not there: other posts would be no answer
    return None if named and not arguments.fixtures else own(arguments.bulk)


def main(argv: Sequence[str] | None = None) -> int:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, help="the posts' folder")
    parser.add_argument("--gold", type=Path, help="the folder of what is known of them")
    parser.add_argument("--fixtures", action="store_true")
    parser.add_argument("--bulk", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slowest", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args(argv)
    if missing := tools.missing():
        _tell(f"not installed: {', '.join(missing)}\n`make bench-text` installs what bench/requirements.txt locks, and runs this")
        return _NOTHING
    material = read(arguments)
    if material is None or not material.gold or not material.in_html():
        _tell("there are no posts with gold to measure on; name folders by --posts and --gold")
        return _NOTHING
    chosen = tools.load()
    rows, times = measure(chosen, material, arguments.rounds)
    made = f"{heading(material, chosen, arguments.rounds)}\n\n{tables.table(rows)}"
    print(made)
    for row in rows[1:]:
        for line in tables.advantages(rows[0].score, row.score):
            print(f"{row.name} has, and {rows[0].name} has not: {line}")
    if arguments.slowest:
        print(f"{tools.POSTKEEP:>8} {tools.BASELINE}, ms\n{slowest(material, times, arguments.slowest)}")
    if arguments.write:
        DOCUMENT.write_text(tables.replaced(DOCUMENT.read_text("utf-8"), made), "utf-8")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
