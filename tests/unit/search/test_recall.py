"""What is found is exactly what a look into every text would find."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from postkeep.errors import QueryInvalid
from search_posts.documents import Document
from search_posts.elements import CHARACTERS, bare, elements
from search_posts.engine import Index
from search_posts.folding import fold
from search_posts.language import parse
from search_posts.query import And, Node, Not, Or, Phrase, Prefix
from search_posts.searching import MAX_LIMIT, SearchRequest, Sort, search
from support.documents import bulk_documents
from unit.search.library import index_of, part_of, texts

PIECES = st.sampled_from(
    ["中", "国", "台灣", "台", "湾", "ab", "b", "19", "é", "カ", "\u3099", " ", "，", "\n", "-", "'", "\u200b", "。", "茶", "한"]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


def ids(index: Index, query: str, sort: Sort = Sort.NEWEST) -> list[str]:
    """The ids of everything that is found, page by page."""
    found: list[str] = []
    after = None
    while True:
        result = search(index, SearchRequest(query=query, sort=sort, limit=MAX_LIMIT, after=after))
        found += [hit.document.post_id for hit in result.hits]
        after = result.next
        if after is None:
            assert len(found) == result.total or sort is Sort.RELEVANCE
            return found


def row(text: str) -> list[tuple[str, bool]]:
    return [(element.text, element.breaks) for element in elements(fold(text))]


def holds(text: str, phrase: str) -> bool:
    """Whether a phrase's row is a piece of a text's row: a break before its first element is none of the phrase's."""
    whole, (first, *rest) = row(text), row(phrase)
    return any(
        whole[place][0] == first[0] and whole[place + 1 : place + 1 + len(rest)] == rest
        for place in range(len(whole) - len(rest))
    )


def means(node: Node, title: str, text: str) -> bool:
    match node:
        case Phrase(phrase, in_title):
            return holds(title, phrase) or (not in_title and holds(text, phrase))
        case Prefix(beginning, in_title):
            places = [title] if in_title else [title, text]
            return any(e.text.startswith(beginning) and not e.is_character for each in places for e in elements(fold(each)))
        case Not(inner):
            return not means(inner, title, text)
        case And(nodes):
            return all(means(each, title, text) for each in nodes)
        case Or(nodes):
            return any(means(each, title, text) for each in nodes)
    raise AssertionError(node)


@settings(max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8), st.lists(TEXTS, min_size=1, max_size=8), st.integers(1, 3))
@example([("", "カ"), ("カ\u3099", "")], ["カ\u3099", "カ", "e\u0301"], 1)
@example([("", "我，機器人"), ("", "我机器人"), ("我", "，机器人")], ["我，机", "我", "人", "器人", "机"], 2)
@example([("", "用a"), ("", "用。a"), ("", "a用"), ("", "a\n用")], ["用a", "用 a", "用，a", "a用", "a。用"], 1)
def test_phrases_are_pieces_of_rows(posts: list[tuple[str, str]], phrases: list[str], parts: int) -> None:
    documents = [replace(each, post_id=str(n), title=posts[n][0]) for n, each in enumerate(texts(*(text for _, text in posts)))]
    with TemporaryDirectory() as folder:
        index = index_of(documents, Path(folder), parts)
        for phrase in phrases:
            if not row(phrase):
                continue
            expected = {str(n) for n, (title, text) in enumerate(posts) if holds(title, phrase) or holds(text, phrase)}
            for sort in Sort:
                found = ids(index, f'"{phrase}"', sort)
                assert len(found) == len(set(found))
                assert set(found) == expected, (phrase, sort)


QUERIES = st.lists(
    st.sampled_from(
        ["中国", "台", "湾", '"台湾，中"', "ab", "-茶", "OR", "(", ")", "19", "-(", "ab*", "title:中", "b-19", "AND"]
    ),
    min_size=1,
    max_size=8,
).map(" ".join)


@settings(max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8), st.lists(QUERIES, min_size=1, max_size=12))
def test_queries_mean_what_their_trees_say(posts: list[tuple[str, str]], queries: list[str]) -> None:
    documents = [replace(each, post_id=str(n), title=posts[n][0]) for n, each in enumerate(texts(*(text for _, text in posts)))]
    with TemporaryDirectory() as folder:
        index = index_of(documents, Path(folder), 2)
        for query in queries:
            try:
                node = parse(query).node
            except QueryInvalid:
                continue
            expected = {str(n) for n, (title, text) in enumerate(posts) if means(node, title, text)}
            assert set(ids(index, query)) == expected, query
            assert set(ids(index, str(parse(query)))) == expected, query


class Shelves:
    """Documents that come, change and go, in parts of which each newer one makes posts of the older ones dead."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.living: dict[str, Document] = {}
        self._folder = folder
        self._chance = chance
        self._parts: list[tuple[list[Document], set[str]]] = []

    def change(self, documents: Sequence[Document]) -> None:
        """Some documents are new, some posts get another's text, and some are deleted."""
        edited = [
            replace(self.living[post_id], text=self._chance.choice(documents).text)
            for post_id in self._chance.sample(sorted(self.living), len(self.living) // 10)
        ]
        gone = set(self._chance.sample(sorted(self.living), len(self.living) // 10))
        newest = {each.post_id: each for each in [*documents, *edited] if each.post_id not in gone}
        for _, dead in self._parts:
            dead.update(gone, newest)
        self._parts.append((list(newest.values()), set()))
        self.living = {post_id: each for post_id, each in self.living.items() if post_id not in gone} | newest

    def index(self) -> Index:
        parts = [part_of(documents, self._folder, dead & {each.post_id for each in documents}) for documents, dead in self._parts]
        return Index.assemble(parts, self._folder / "all")


def substring(text: str, chance: random.Random, length: int) -> str | None:
    """A piece of a run of Chinese characters."""
    runs = [run for run in re.findall(r"[\u4e00-\u9fff]+", text) if len(run) >= length]
    if not runs:
        return None
    run: str = chance.choice(runs)
    start = chance.randrange(len(run) - length + 1)
    return run[start : start + length]


def latin_word(text: str, chance: random.Random) -> str | None:
    words = re.findall(r"[A-Za-z]{2,}", text)
    return str(chance.choice(words)) if words else None


def words(text: str, chance: random.Random) -> str | None:
    """A few elements as they stand in a text, punctuation included."""
    row = elements(fold(text))
    if len(row) < 3:
        return None
    start = chance.randrange(len(row) - 2)
    end = min(start + chance.randint(2, 5), len(row))
    return text[row[start].start : row[end - 1].end].replace('"', "'")


def test_real_posts(tmp_path: Path) -> None:
    """Beside a scan of the texts as strings, which knows nothing of elements."""
    chance = random.Random(20)  # noqa: S311 (the same posts and pieces each time)
    documents = list(bulk_documents(1_000))
    if not documents:
        pytest.skip("the corpus of real posts is not here")
    shelves = Shelves(tmp_path, chance)
    for number in range(4):
        shelves.change(documents[number::4])
    index = shelves.index()
    living = list(shelves.living.values())
    assert sorted(each.post_id for each in index.documents()) == sorted(shelves.living)
    scanned = {each.post_id: bare(fold(each.title + "\n" + each.text)) for each in living}

    def scan(found: Callable[[str], object]) -> set[str]:
        return {post_id for post_id, text in scanned.items() if found(text)}

    by_order = {each.order: each.post_id for each in living}

    def check(query: str, expected: set[str]) -> None:
        # All at once, since pages of whole posts take longer than the scan.
        found = index.dated(index.query(parse(query).node), len(living), None, newest_first=True)
        assert {by_order[each.order] for each in found} == expected, query

    asked = 0
    while asked < 200:
        source = chance.choice(living)
        text = source.text or source.title
        if (piece := substring(text, chance, chance.randint(1, 4))) is not None:
            check(piece, scan(re.compile(fold(piece)).search))
            asked += 1
        if (word := latin_word(text, chance)) is not None:
            letter = f"[^\\W_{CHARACTERS}]"
            pattern = re.compile(f"(?<!{letter}){fold(word)}(?!{letter})")
            check(word, scan(pattern.search))
            asked += 1
        if asked % 10 == 0 and (phrase := words(text, chance)) is not None and len(phrase) < 100:
            letters = {element.text for element in elements(fold(phrase))}
            near = [each for each in living if all(letter in scanned[each.post_id] for letter in letters)]
            expected = {each.post_id for each in near if holds(each.title, phrase) or holds(each.text, phrase)}
            check(f'"{phrase}"', expected)
            asked += 1
