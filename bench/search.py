"""How quick search is and how large its index, beside what SQLite has to offer, on the same texts in one process.

    make bench-search [ARGS="--write"]
    python bench/search.py [--posts 8000] [--copies 100000] [--each 20] [--rounds 5] [--write]

The texts are the real posts for load, cleaned as render cleans them; there is nothing to measure where they are not at hand.
``--copies`` repeats them, on other days, until there are so many. ``--each`` queries of each kind are drawn from the texts,
the same ones each time, and each is asked of all in turn. ``--write`` puts the tables into docs/search.md, which says how to
read them.

The exit status is 2 if there is nothing to measure.
"""

import argparse
import platform
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # what measures lies beside this script and among the tests

from bench import serving, timing  # noqa: E402 (found by the path above)
from bench.contenders import Asked, Contender, Postkeep, contenders  # noqa: E402

from search_posts.documents import Document  # noqa: E402
from search_posts.elements import bare  # noqa: E402
from search_posts.folding import fold  # noqa: E402
from support.documents import bulk_documents, copies  # noqa: E402

DOCUMENT = ROOT / "docs" / "search.md"
BEGIN = "<!-- made by bench/search.py -->\n"
END = "<!-- end of what bench/search.py made -->\n"

_NOTHING = 2
"""The exit status where nothing can be measured."""

_SEED = 20
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_LATIN = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{3,})*")
_LONG = 2
"""Latin words of a phrase."""

type Drawing = Callable[[Document, random.Random], Asked | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of queries.

    Attributes:
        name: for the table.
        draw: makes one of a post; None where the post has nothing of the kind.
    """

    name: str
    draw: Drawing


def piece(length: int) -> Drawing:
    """Chinese characters that stand together somewhere."""

    def draw(document: Document, chance: random.Random) -> Asked | None:
        runs = [run for run in _HAN.findall(document.text) if len(run) >= length]
        if not runs:
            return None
        run = chance.choice(runs)
        start = chance.randrange(len(run) - length + 1)
        return Asked((run[start : start + length],))

    return draw


def words(count: int) -> Drawing:
    """Latin words that stand together somewhere."""

    def draw(document: Document, chance: random.Random) -> Asked | None:
        rows = [row for found in _LATIN.findall(document.text) if len(row := found.split()) >= count]
        if not rows:
            return None
        row = chance.choice(rows)
        start = chance.randrange(len(row) - count + 1)
        return Asked((" ".join(row[start : start + count]),))

    return draw


def two(document: Document, chance: random.Random) -> Asked | None:
    """Two words of two characters, both somewhere in the post."""
    first, second = (piece(2)(document, chance) for _ in range(2))
    return Asked(first.pieces + second.pieces) if first and second and first != second else None


def frequent(document: Document, chance: random.Random) -> Asked | None:
    """Two words that a great many posts have."""
    del document
    return Asked(tuple(chance.sample(["中国", "政府", "问题", "社会", "美国", "人民", "我们", "没有", "可以", "自由"], 2)))


KINDS = (
    Kind("1 character", piece(1)),
    Kind("2 characters", piece(2)),
    Kind("3 characters", piece(3)),
    Kind("4 characters", piece(4)),
    Kind("Latin word", words(1)),
    Kind("two Latin words, as a phrase", words(_LONG)),
    Kind("two terms", two),
    Kind("two frequent terms", frequent),
)


def drawn(documents: Sequence[Document], each: int) -> dict[str, list[Asked]]:
    """Queries by kind."""
    found = {}
    for kind in KINDS:
        chance = random.Random(_SEED)  # noqa: S311 (the same ones each time)
        made: list[Asked] = []
        for document in (chance.choice(documents) for _ in range(10_000)):
            asked = kind.draw(document, chance)
            if asked and asked not in made:
                made.append(asked)
            if len(made) == each:
                break
        found[kind.name] = made
    return found


@dataclass(frozen=True, slots=True)
class Measured:
    """What one way did.

    Attributes:
        name: of the way.
        build: seconds of CPU.
        index: bytes of the index alone.
        texts: bytes of the texts beside it.
        median: seconds of a query, by kind.
        worst: likewise, of the slowest.
        found: posts that all queries of a kind found, by kind.
    """

    name: str
    build: float
    index: int
    texts: int
    median: Mapping[str, float]
    worst: Mapping[str, float]
    found: Mapping[str, int]


def measure(documents: Sequence[Document], count: int, each: int, rounds: int, folder: Path) -> list[Measured]:
    """Build all ways and time them, one after another on each query."""
    asked = drawn(documents, each)
    ways: list[Contender] = list(contenders())
    built = []
    for number, way in enumerate(ways):
        begun = time.process_time()
        way.build(copies(documents, count), folder / f"{count}-{number}")
        built.append(time.process_time() - begun)
        _tell(f"{way.name}: {built[-1]:.0f} s for {count:,} posts")
    timed: dict[str, Callable[[Asked], int]] = {way.name: way.best for way in ways}
    ours = next(way for way in ways if isinstance(way, Postkeep))
    timed[_ANSWER] = ours.answer
    median: dict[str, dict[str, float]] = {name: {} for name in timed}
    worst: dict[str, dict[str, float]] = {name: {} for name in timed}
    found: dict[str, dict[str, int]] = {name: {} for name in timed}
    for kind, queries in asked.items():
        times = timing.measure(timed, queries, rounds, time.perf_counter)
        for name, run in timed.items():
            of_each = timing.medians(times[name])
            median[name][kind], worst[name][kind] = statistics.median(of_each), max(of_each)
            found[name][kind] = sum(map(run, queries))
        _tell(f"{kind}: timed")
    made = [
        Measured(way.name, seconds, *way.sizes(), median[way.name], worst[way.name], found[way.name])
        for way, seconds in zip(ways, built, strict=True)
    ]
    for way in ways:
        way.close()
    return [*made, replace(made[0], name=_ANSWER, median=median[_ANSWER], worst=worst[_ANSWER], found=found[_ANSWER])]


_ANSWER = "Postkeep, the whole answer"


def scanned(documents: Iterable[Document], asked: Mapping[str, Sequence[Asked]]) -> dict[str, int]:
    """How many posts there are to be found, by kind: Chinese as a piece of the text, Latin words as whole words."""
    texts = [bare(fold(f"{document.title}\n{document.text}")) for document in documents]
    found = {}
    for kind, queries in asked.items():
        total = 0
        for query in queries:
            patterns = [_whole(fold(each)) for each in query.pieces]
            total += sum(all(pattern.search(text) for pattern in patterns) for text in texts)
        found[kind] = total
    return found


def _whole(text: str) -> re.Pattern[str]:
    if not text.isascii():
        return re.compile(text)
    gap = r"(?:(?![\u3005-\u3007\u3041-\ud7ff])[\W_])+"
    return re.compile(rf"(?<![^\W_\u3041-\ud7ff]){gap.join(text.split())}(?![^\W_\u3041-\ud7ff])")


def table(measured: Sequence[Measured], to_find: Mapping[str, int], characters: int, count: int) -> str:
    """What was measured, as tables in Markdown."""
    heads = ["", *(way.name for way in measured)]
    rows = [
        ["building, CPU", *(f"{way.build:.0f} s" for way in measured[:-1]), ""],
        ["index, bytes a character", *(f"{way.index / characters:.2f}" for way in measured[:-1]), ""],
        ["texts beside it, bytes a character", *(f"{way.texts / characters:.2f}" for way in measured[:-1]), ""],
        ["both", *(f"{(way.index + way.texts) / 1e6:,.1f} MB" for way in measured[:-1]), ""],
    ]
    rows += [
        [f"{kind}: median (slowest)", *(f"{_ms(way.median[kind])} ({_ms(way.worst[kind])}) ms" for way in measured)]
        for kind in to_find
    ]
    times = "".join(f"| {' | '.join(cells)} |\n" for cells in [heads, ["---", *["---:"] * len(measured)], *rows])
    found = [
        [kind, f"{number:,}", *(_share(way.found[kind], number) for way in measured[:-1])] for kind, number in to_find.items()
    ]
    heads = ["posts found of those that there are", "there are", *(way.name for way in measured[:-1])]
    shares = "".join(f"| {' | '.join(cells)} |\n" for cells in [heads, ["---", *["---:"] * len(measured)], *found])
    return f"### {count:,} posts, {characters / 1e6:,.1f} million characters\n\n{times}\n{shares}"


def _heading(each: int, rounds: int) -> str:
    return (
        f"{datetime.now(UTC).date()}, Python {platform.python_version()}, tantivy {version('tantivy')}, "
        f"SQLite {sqlite3.sqlite_version}; {each} queries of each kind, {rounds} rounds.\n"
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}" if seconds < 0.1 else f"{seconds * 1000:,.0f}"  # noqa: PLR2004 (enough digits)


def _share(found: int, number: int) -> str:
    return "all" if found == number else f"{found / number:.1%}" if number else "–"


def replaced(document: str, made: str) -> str:
    """A document with what was made between its two marks."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after and END not in rest:
        raise ValueError(f"the document needs the lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{made.strip()}\n\n{END}{after}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=None, help="about so many of the real posts; all by default")
    parser.add_argument("--copies", type=int, default=0, help="measure on so many copies, too")
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args(argv)
    documents = list(bulk_documents(arguments.posts))
    if not documents:
        _tell("the real posts for load are not at hand")
        return _NOTHING
    asked = drawn(documents, arguments.each)
    characters = sum(len(document.title) + len(document.text) for document in documents)
    made = [_heading(arguments.each, arguments.rounds)]
    with tempfile.TemporaryDirectory() as scratch:
        for count in [len(documents), *([arguments.copies] if arguments.copies else [])]:
            turns = count / len(documents)
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                measured = measure(documents, count, arguments.each, arguments.rounds, Path(folder))
            made.append(table(measured, scanned(copies(documents, count), asked), round(characters * turns), count))
        served = serving.serve(documents, asked["two terms"], Path(scratch), _tell)
        made.append("### In a bucket\n\n" + "".join(serving.lines(served)))
    print("\n".join(made))
    if arguments.write:
        DOCUMENT.write_text(replaced(DOCUMENT.read_text("utf-8"), "\n".join(made)), "utf-8")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
