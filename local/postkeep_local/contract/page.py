"""The API's OpenAPI document → a page to read: one file without scripts, that loads nothing."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any

type Json = Mapping[str, Any]

_CODE = re.compile(r"`([^`]+)`")
_NO_WORD = re.compile(r"\W+")

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --link: #0b63b5; }
@media (prefers-color-scheme: dark) { :root { --link: #7ab8f5; } }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem 1.2rem 6rem; }
h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 3rem; } h3 { margin: 2.2rem 0 .4rem; font-size: 1.05rem; }
a { color: var(--link); } code, pre { font: .88em/1.5 ui-monospace, monospace; }
code { background: var(--soft); border-radius: 3px; padding: .1em .3em; } pre code { background: none; padding: 0; }
pre { background: var(--soft); border-radius: 6px; padding: .8rem 1rem; overflow: auto; max-height: 26rem; }
table { border-collapse: collapse; width: 100%; } th, td { border-top: 1px solid var(--line); padding: .35rem .7rem .35rem 0; }
th, td { text-align: left; vertical-align: top; } td:first-child { white-space: nowrap; }
nav ul { columns: 2 22rem; list-style: none; padding: 0; } nav li { margin: .15rem 0; }
summary { cursor: pointer; padding: .3rem 0; } .type { opacity: .75; }
"""


def page(document: Json) -> str:
    """Make the page of an OpenAPI document that :mod:`postkeep_local.contract.document` made."""
    info = document["info"]
    title = f"{info['title']} API {info['version']}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{_text(info['summary'])} {_text(info['description'])}</p>",
        '<p>For machines: <a href="openapi.json">openapi.json</a>.</p>',
        *_contents(document),
        *_operations(document),
        "<h2>Shapes</h2>",
        *_shapes(document["components"]["schemas"]),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def _text(said: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(said, quote=False))


def _id(said: str) -> str:
    return _NO_WORD.sub("-", said).strip("-").lower()


def _by_tag(document: Json) -> Iterator[tuple[str, list[tuple[str, Json]]]]:
    entries = [(path, item["get"]) for path, item in document["paths"].items()]
    for tag, group in groupby(entries, key=lambda entry: entry[1]["tags"][0]):
        yield tag, list(group)


def _contents(document: Json) -> Iterator[str]:
    yield "<nav><ul>"
    for _, entries in _by_tag(document):
        for path, operation in entries:
            yield f'<li><a href="#{operation["operationId"]}"><code>{escape(path)}</code></a> {_text(operation["summary"])}</li>'
    yield "</ul></nav>"


def _operations(document: Json) -> Iterator[str]:
    said = {tag["name"]: tag["description"] for tag in document["tags"]}
    for tag, entries in _by_tag(document):
        yield f"<h2>{escape(tag.capitalize())}</h2>\n<p>{_text(said[tag])}</p>"
        for path, operation in entries:
            yield f'<h3 id="{operation["operationId"]}"><code>GET {escape(path)}</code></h3>'
            yield f"<p><b>{_text(operation['summary'])}.</b> {_text(operation.get('description', ''))}</p>"
            yield from _parameters(operation.get("parameters", []))
            yield from _answers(operation["responses"], document["components"]["responses"])


def _parameters(parameters: Iterable[Json]) -> Iterator[str]:
    rows = [
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{_text(parameter.get('description', ''))} "
        f'<span class="type">{_kind(parameter["schema"])}{", required" if parameter["required"] else ""}</span></td></tr>'
        for parameter in parameters
    ]
    if rows:
        yield "<table>\n<tr><th>parameter</th><th></th></tr>"
        yield from rows
        yield "</table>"


def _answers(answers: Json, common: Json) -> Iterator[str]:
    for status, answer in answers.items():
        if status.startswith("2") or ("content" not in answer and status == "307"):
            yield f"<p><b>{status}</b> {_text(answer['description'])}</p>"
            yield from _contents_of(answer.get("content", {}))
    yield "<details><summary>Other answers</summary>\n<table>"
    for status, answer in answers.items():
        if not status.startswith("2"):
            described = common[status] if "$ref" in answer else answer
            yield f"<tr><td>{status}</td><td>{_text(described['description'])}</td></tr>"
    yield "</table></details>"


def _contents_of(content: Json) -> Iterator[str]:
    for media, said in content.items():
        kind = f" {_kind(said['schema'])}" if "$ref" in said.get("schema", {}) else ""
        yield f"<p><code>{escape(media)}</code>{kind}</p>"
        if "example" in said:
            example = said["example"]
            shown = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)
            yield f"<details><summary>Example</summary>\n<pre><code>{escape(shown, quote=False)}</code></pre></details>"


def _shapes(schemas: Json) -> Iterator[str]:
    for name, schema in schemas.items():
        yield f'<h3 id="{_id(name)}">{escape(name)}</h3>\n<p>{_text(schema.get("description", ""))}</p>\n<table>'
        for field, said in schema.get("properties", {}).items():
            yield f"<tr><td><code>{escape(field)}</code></td><td>{_text(said.get('description', ''))} "
            yield f'<span class="type">{_kind(said)}</span></td></tr>'
        yield "</table>"


def _kind(schema: Json) -> str:
    """What a value is, in words, as HTML."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f'<a href="#{_id(name)}">{escape(name)}</a>'
    if (any_of := schema.get("anyOf")) and "type" not in schema:
        return " or ".join(_kind(one) for one in any_of)
    if enum := schema.get("enum"):
        return ", ".join(f"<code>{escape(str(one))}</code>" for one in enum) + _default(schema)
    kind = schema.get("type", "anything")
    inner = schema.get("items" if kind == "array" else "additionalProperties")
    if isinstance(inner, Mapping):
        return f"{'list' if kind == 'array' else kind} of {_kind(inner)}"
    return f"{kind}{_bounds(schema)}{_default(schema)}"


def _bounds(schema: Json) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None or high is not None:
        return f" {'' if low is None else f'from {low:,}'}{'' if high is None else f' to {high:,}'}".rstrip()
    longest = schema.get("maxLength")
    return f" of {longest:,} characters at most" if longest else ""


def _default(schema: Json) -> str:
    return f", by default <code>{escape(str(schema['default']))}</code>" if "default" in schema else ""
