"""Routes → the API's OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0).

All that it says is read from the code that answers: the types that check the parameters, the types that are encoded, the table of
problems. Examples are answers that the API gave.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from postkeep.web.problems import CONTENT_TYPE, KINDS
from postkeep.web.routing import REQUIRED, Parameter, Route

type Json = dict[str, Any]

COMMON = (
    "parameter-invalid",
    "parameter-repeated",
    "parameter-unknown",
    "key-required",
    "encoding-unacceptable",
    "precondition-failed",
    "answer-too-large",
    "address-too-long",
    "headers-too-large",
    "fault",
)
"""The kinds of problems that every route can answer with."""

NOWHERE = frozenset({"method-not-allowed", "route-unknown"})
"""Those that no route answers with: they tell that there is none."""

_FIELDS = {
    "Cache-Control": "How long it may be kept.",
    "Content-Disposition": "The name that it is to be saved under.",
    "ETag": "Of the answer; to be sent as If-None-Match next time.",
    "Last-Modified": "When it was another one for the last time, or later.",
    "Link": "Of a page: where the first and the next one are, relative to this (RFC 8288).",
    "Location": "Where it is.",
    "Retry-After": "Seconds after which it makes sense to ask again.",
    "Text-From": "The first of the characters that were sent, from 0.",
    "Text-Length": "How many characters the text has.",
    "Text-To": "The character before which they end.",
    "WWW-Authenticate": "How a key is sent.",
}

_CHOSEN = frozenset({"ListedPost"})
"""What has the fields that `fields` names."""

TAGS = {
    "posts": "The archive's posts: listed, by themselves, and what was made of them.",
    "search": "Posts by what they say.",
    "pictures": "The pictures of posts.",
    "counts": "How many posts there are, of whom and of what.",
    "feeds": "Listings to be followed, and addresses for search engines.",
    "changes": "What happened, for mirrors.",
    "history": "What posts were before.",
    "service": "The API itself.",
}


def document(routes: Iterable[Route], version: str, examples: Mapping[str, Any]) -> Json:
    """Describe an API.

    Args:
        routes: those without a tag are left out.
        version: of the API.
        examples: by path, what it answered to the route's example, parsed where it is JSON.
    """
    shown = [route for route in routes if route.tag]
    schemas = _Schemas(shown)
    used = {route.tag for route in shown}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Postkeep",
            "version": version,
            "summary": "Posts, their text and their pictures.",
            "description": "An archive of posts, to be read: everything is asked for with GET. Errors are problem details "
            "(RFC 9457) of the kinds that each answer lists.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "Where this document is."}],
        "tags": [{"name": name, "description": said} for name, said in TAGS.items() if name in used],
        # Where the archive is read with a key, or with a token; many archives ask for neither.
        "security": [{}, {"bearer": []}, {"key": []}, {"basic": []}],
        "paths": {route.path: {"get": _operation(route, schemas, examples.get(route.path))} for route in _sorted(shown)},
        "components": {
            "schemas": schemas.components | {"Problem": _problem_schema()},
            "responses": _common_answers(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A key of the archive, or a token (JWT)."},
                "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "A key of the archive."},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Any name, and a key as the password.",
                },
            },
        },
    }


def _sorted(routes: Iterable[Route]) -> Sequence[Route]:
    order = list(TAGS)
    return sorted(routes, key=lambda route: (order.index(route.tag), route.path))


class _Schemas:
    """The schemas of all types that are answered."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._kinds = [kind for route in routes for kind in route.gives.values() if kind is not None]
        found, self.components = msgspec.json.schema_components(self._kinds, ref_template="#/components/schemas/{name}")
        self._found = list(found)
        for name, schema in self.components.items():
            _require(name, schema)

    def of(self, kind: Any) -> Json:
        return self._found[self._kinds.index(kind)]


def _require(name: str, schema: Json) -> None:
    """Say of every field whether it is always there: all are, but where they can be chosen."""
    if "properties" in schema:
        schema["required"] = [] if name in _CHOSEN else sorted(schema["properties"])


def _operation(route: Route, schemas: _Schemas, example: Any) -> Json:
    said: Json = {"operationId": route.handler.__name__, "summary": route.summary, "tags": [route.tag]}
    if route.description:
        said["description"] = route.description
    if route.parameters:
        said["parameters"] = [_parameter(parameter, route.example.get(parameter.name)) for parameter in route.parameters]
    said["responses"] = {str(route.status): _answer(route, schemas, example), **_others(route)}
    return said


def _parameter(parameter: Parameter, example: str | None) -> Json:
    schema = msgspec.json.schema(parameter.type, ref_template="#/components/schemas/{name}")
    if "$ref" in schema:  # pragma: no cover (an alias of a type; msgspec reads through those)
        raise ValueError(parameter.name)
    said: Json = {"name": parameter.name, "in": parameter.place, "required": parameter.default is REQUIRED}
    if description := schema.pop("description", ""):
        said["description"] = description
    if parameter.default is not REQUIRED and parameter.default is not None:
        schema["default"] = parameter.default
    said["schema"] = schema
    if example is not None:
        said["example"] = parameter.read(example)
    return said


def _answer(route: Route, schemas: _Schemas, example: Any) -> Json:
    said: Json = {"description": route.says}
    names = ["Cache-Control", *(["Location"] if route.status >= HTTPStatus.MULTIPLE_CHOICES else ["ETag"])]
    names += route.fields
    if any("next" in getattr(kind, "__struct_fields__", ()) for kind in route.gives.values()):
        names.append("Link")
    said["headers"] = {name: _field(name) for name in sorted(names)}
    if route.gives:
        said["content"] = {}
    for media, kind in route.gives.items():
        content: Json = {"schema": {"type": "string"} if kind is None else schemas.of(kind)}
        if example is not None and media == example["type"]:
            content["example"] = example["body"]
        if media.startswith("image/") or media == "application/octet-stream":
            content = {}
        said["content"][media] = content
    return said


def _others(route: Route) -> Json:
    """The answers that are not what was asked for; those that every route can give by reference."""
    needed = ("parameter-missing",) if any(p.default is REQUIRED and p.place == "query" for p in route.parameters) else ()
    own = _by_status((*needed, *route.problems))
    said = {str(status.value): _problem([*_COMMON.get(status, []), *kinds]) for status, kinds in own.items()}
    common = {str(status.value) for status in _COMMON} | {"304", "308", "429"}
    if route.cache == "no-store":
        common.remove("304")
    said |= {status: {"$ref": f"#/components/responses/{status}"} for status in common if status not in said}
    return dict(sorted(said.items()))


def _by_status(kinds: Iterable[str]) -> Mapping[HTTPStatus, list[str]]:
    found: defaultdict[HTTPStatus, list[str]] = defaultdict(list)
    for kind in dict.fromkeys(kinds):
        found[KINDS[kind].status].append(kind)
    return found


_COMMON = _by_status(COMMON)


def _common_answers() -> Json:
    said: Json = {
        "304": {"description": "What If-None-Match or If-Modified-Since name is still so."},
        "308": {"description": "The address without the slash at its end.", "headers": {"Location": _field("Location")}},
        # API Gateway answers this one itself, in its own words.
        "429": {"description": "More was asked for than the archive answers at a time; wait a little."},
    }
    said |= {str(status.value): _problem(kinds) for status, kinds in _COMMON.items()}
    said["401"]["headers"] = {"WWW-Authenticate": _field("WWW-Authenticate")}
    return dict(sorted(said.items()))


def _problem(kinds: Sequence[str]) -> Json:
    return {
        "description": " ".join(f"`{kind}`: {KINDS[kind].meaning}" for kind in kinds),
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _field(name: str) -> Json:
    return {"description": _FIELDS[name], "schema": {"type": "string"}}


def _problem_schema() -> Json:
    return {
        "title": "Problem",
        "description": "Why the answer is not what was asked for (RFC 9457).",
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": [f"urn:postkeep:problem:{kind}" for kind in sorted(KINDS)]},
            "title": {"type": "string", "description": "The status in words."},
            "status": {"type": "integer", "description": "The status."},
            "detail": {"type": "string", "description": "What is wrong, in a sentence."},
            "position": {"type": "integer", "description": "Of a search, which character is at fault, from 0."},
        },
        "required": ["detail", "status", "title", "type"],
    }
