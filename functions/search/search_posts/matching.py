"""A query's tree → the engine's query."""

import re
from collections.abc import Iterable
from typing import Final

import tantivy
from tantivy import Occur

from search_posts.documents import FIRST_DATED, MAX_ORDER, date_order
from search_posts.query import And, Dated, Field, Node, Not, Or, Phrase, Prefix
from search_posts.schema import label
from search_posts.terms import characters, terms

TITLE_WEIGHT: Final = 3.0
"""By how much more a word counts in the title than in the text."""


def engine_query(node: Node, schema: tantivy.Schema) -> tantivy.Query:
    """What the engine is to look for, so that it scores by the words that are wanted."""
    return _Matching(schema).of(node)


def only_before(query: tantivy.Query, order: int, schema: tantivy.Schema) -> tantivy.Query:
    """A query, and of its posts only those with a smaller :attr:`Document.order`."""
    return _all([query, _range(schema, None, order)])


def only_after(query: tantivy.Query, order: int, schema: tantivy.Schema) -> tantivy.Query:
    """A query, and of its posts only those with a greater :attr:`Document.order`."""
    return _all([query, _range(schema, order + 1, None)])


class _Matching:
    def __init__(self, schema: tantivy.Schema) -> None:
        self._schema = schema

    def of(self, node: Node) -> tantivy.Query:  # noqa: PLR0911 (one for each kind of node)
        match node:
            case Phrase() | Prefix():
                if node.in_title:
                    return self._title(node)
                return tantivy.Query.boolean_query(
                    [
                        (Occur.Must, self._words(node, "body", "character")),
                        (Occur.Should, tantivy.Query.boost_query(self._title(node), TITLE_WEIGHT)),
                    ]
                )
            case Field():
                return _unscored(self._field(node))
            case Dated(name, moment):
                order = date_order(moment)
                # What has no date is neither before a day nor after it.
                bounds = (FIRST_DATED, order) if name == "before" else (order, None)
                return _unscored(_range(self._schema, *bounds))
            case Not():
                return self._conjunction([node])
            case And(nodes):
                return self._conjunction(nodes)
            case Or(nodes):
                return tantivy.Query.boolean_query([(Occur.Should, self.of(each)) for each in nodes])

    def _conjunction(self, nodes: Iterable[Node]) -> tantivy.Query:
        clauses = [
            (Occur.MustNot, self.of(each.node)) if isinstance(each, Not) else (Occur.Must, self.of(each)) for each in nodes
        ]
        if all(occur == Occur.MustNot for occur, _ in clauses):
            clauses.append((Occur.Must, _unscored(tantivy.Query.all_query())))
        return tantivy.Query.boolean_query(clauses)

    def _title(self, node: Phrase | Prefix) -> tantivy.Query:
        return self._words(node, "title", "title_character")

    def _words(self, node: Phrase | Prefix, field: str, single: str) -> tantivy.Query:
        if isinstance(node, Prefix):
            # No term but words begins with a letter or a digit that is followed by another one.
            return tantivy.Query.regex_query(self._schema, field, re.escape(node.text) + ".*")
        return self._phrase(node.text, field, single)

    def _phrase(self, text: str, field: str, single: str) -> tantivy.Query:
        found = terms(text)
        if not found:
            return tantivy.Query.term_query(self._schema, single, characters(text)[0], index_option="freq")
        if len(found) == 1:
            return tantivy.Query.term_query(self._schema, field, found[0], index_option="freq")
        return tantivy.Query.phrase_query(self._schema, field, [*found])

    def _field(self, node: Field) -> tantivy.Query:
        if node.name == "author":
            return self._phrase(node.value, "author", "author")
        value = f"{node.name}:{node.value}" if node.name in {"site", "has"} else label(node.name, node.value)
        return tantivy.Query.term_query(self._schema, "label", value, index_option="basic")


def _range(schema: tantivy.Schema, lowest: int | None, end: int | None) -> tantivy.Query:
    """Posts by :attr:`Document.order`, from ``lowest`` on, to below ``end``."""
    return tantivy.Query.range_query(
        schema, "order", tantivy.FieldType.Unsigned, lowest or 0, MAX_ORDER if end is None else end, include_upper=False
    )


def _all(queries: Iterable[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(Occur.Must, query) for query in queries])


def _unscored(query: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, 0.0)
