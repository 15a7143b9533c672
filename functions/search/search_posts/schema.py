"""The engine's schema, and a document as the engine takes it."""

from typing import Final

import tantivy

from postkeep.characters import encodable
from search_posts.documents import Document
from search_posts.elements import elements
from search_posts.folding import fold
from search_posts.terms import BOUNDARY, characters, terms

VERSION: Final = 1
"""Of the index's form: of the schema, the folding and the terms. A segment of another version is no use."""

_MAX_STARTS = 8
"""Places in a name at which a suggestion may begin."""


def schema() -> tantivy.Schema:
    """The fields.

    ``id`` finds a post; ``body`` and ``title`` hold terms (the body's begin with the title's), ``character`` single characters;
    ``author`` both of authors, ``label`` what is asked for as a whole (see :func:`labels`), ``name`` what is suggested.
    Those that counts, orders and weights are made of are fast fields. ``stored`` is the document.
    """
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("body", tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("title", tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("character", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("title_character", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("author", tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("label", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("name", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("by_author", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("by_tag", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("by_year", fast=True)
    builder.add_unsigned_field("order", fast=True)
    builder.add_float_field("freshness", fast=True)
    builder.add_bytes_field("stored", stored=True)
    return builder.build()


def entry(document: Document) -> tantivy.Document:
    """A document as the engine takes it."""
    found = tantivy.Document()
    found.add_text("id", document.post_id)
    title = terms(document.title)
    found.add_text("body", " ".join([*title, BOUNDARY, *terms(document.text)]))
    found.add_text("title", " ".join(title))
    single = characters(document.title)
    found.add_text("character", " ".join([*single, *characters(document.text)]))
    found.add_text("title_character", " ".join(single))
    found.add_text("author", " ".join([*terms(document.author), BOUNDARY, *characters(document.author)]))
    for label in labels(document):
        found.add_text("label", label)
    for name in names(document):
        found.add_text("name", encodable(name))
    if document.author:
        found.add_text("by_author", encodable(document.author))
    for tag in document.tags:
        found.add_text("by_tag", encodable(tag))
    found.add_unsigned("by_year", document.year)
    found.add_unsigned("order", document.order)
    found.add_float("freshness", document.freshness)
    found.add_bytes("stored", document.encode())
    return found


def label(kind: str, value: str) -> str:
    """What a post that has a tag, a category … is found by: ``tag:`` and the tag's elements."""
    return f"{kind}:" + " ".join(element.text for element in elements(fold(value)))


def labels(document: Document) -> list[str]:
    """What the post is found by as a whole: its tags and categories, its site with those above it, whether it has pictures."""
    found = [label("tag", tag) for tag in document.tags] + [label("category", category) for category in document.categories]
    parts = document.site.lower().split(".")
    found += ["site:" + ".".join(parts[index:]) for index in range(len(parts)) if document.site]
    if document.has_image:
        found.append("has:image")
    return list(dict.fromkeys(found))


def names(document: Document) -> list[str]:
    """What is suggested: ``author`` or ``tag``, how it may begin, folded, and how it is written; see :func:`_starts`."""
    found = [f"author\t{start}\t{document.author}" for start in _starts(document.author)]
    found += [f"tag\t{start}\t{tag}" for tag in document.tags for start in _starts(tag)]
    return list(dict.fromkeys(found))


def _starts(name: str) -> list[str]:
    texts = [element.text for element in elements(fold(name))]
    return [" ".join(texts[index:]) for index in range(min(len(texts), _MAX_STARTS))]
