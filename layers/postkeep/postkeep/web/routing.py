"""Routes: which function answers an address, what its parameters are, and what it answers with.

Powertools has a router and pydantic checks parameters; together they take more time to be imported than all else that answers a
request (see docs/http.md). What is used of them here is little: GET, patterns of paths, and values that a type describes, which
msgspec checks. The same types are what the OpenAPI document is made of (:mod:`postkeep_local.contract.document`).
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, Literal, TypeAliasType, Union, get_args, get_origin

import msgspec

from postkeep.characters import excerpt
from postkeep.errors import CursorExpired, CursorInvalid
from postkeep.web.exchange import Answer, Request
from postkeep.web.problems import Problem

REQUIRED: Any = object()
"""The default of a parameter that has none."""

_WHOLE = re.compile(r"-?[0-9]{1,4000}")
"""Python reads 4,300 digits of an integer (sys.int_info); bounds are the type's to set."""

_FLAGS = {"true": True, "false": False}
_NAME = re.compile(r"\{(\w+)\}")

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a route.

    Attributes:
        argument: the function's argument; the parameter is named like it, without an underscore at its end.
        type: what a value can be, as msgspec reads it: a string, a whole number, a flag, or one of several strings.
        default: the argument where the parameter is not given.
        place: where it is given.
    """

    argument: str
    type: Any
    default: Any = REQUIRED
    place: Literal["path", "query"] = "query"

    @property
    def name(self) -> str:
        """As the address has it."""
        return self.argument.rstrip("_")

    def read(self, text: str) -> Any:
        """The value that a text means.

        Raises:
            Problem: 400 ``parameter-invalid``.
        """
        try:
            if text.endswith("\n") and not self._may_end(text):
                # Before which a pattern of Python's may end; one of JSON Schema's, which the reader was told, may not.
                raise msgspec.ValidationError("Expected no line feed")  # noqa: TRY301 (told like all that is wrong)
            return msgspec.convert(self._value(text), self.type)
        except msgspec.ValidationError as error:
            raise Problem("parameter-invalid", f"`{self.name}` cannot be {excerpt(text, 40)!r}. {self._wanted(error)}") from None

    def _may_end(self, text: str) -> bool:
        pattern = str(msgspec.json.schema(self.type).get("pattern", ""))
        return not pattern.endswith("$") or re.search(rf"{pattern[:-1]}\Z", text) is not None

    def _wanted(self, error: msgspec.ValidationError) -> str:
        """What a value should be: a pattern tells less than the parameter's description does."""
        schema = msgspec.json.schema(self.type)
        if "pattern" in schema and "description" in schema:
            return str(schema["description"])
        if "enum" in schema:
            return f"There are {', '.join(map(str, schema['enum']))}."
        return f"{str(error).replace('`', '')}."

    def _value(self, text: str) -> Any:
        match _base(self.type):
            case type() as kind if kind is int and _WHOLE.fullmatch(text):
                return int(text)
            case type() as kind if kind is bool:
                return _FLAGS.get(text, text)
        return text


def _base(kind: Any) -> Any:
    while True:
        if isinstance(kind, TypeAliasType):
            kind = kind.__value__
        elif get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        else:
            return kind


def _without_none(kind: Any) -> Any:
    """The type of a value, where the parameter is given."""
    if get_origin(kind) in {Union, UnionType}:
        kinds = [one for one in get_args(kind) if one is not type(None)]
        return kinds[0] if len(kinds) == 1 else kind
    return kind


@dataclass(frozen=True)
class Route:
    """What is at an address.

    Attributes:
        path: with names in braces.
        handler: answers, with an :class:`Answer` or with what is shown as JSON.
        summary: what it does, in the imperative.
        tag: what it belongs to.
        description: more of it.
        gives: what a good answer is, by media type: a type, or None for what is no JSON.
        says: what a good answer is, in a sentence.
        status: of a good answer.
        fields: header fields of a good answer that not every one has.
        problems: the kinds of problems that it can answer with, beside those of all routes.
        cache: the Cache-Control of its answers that say nothing of it themselves. By default they are kept, but asked about each
            time: a post that is taken down is gone from every cache.
        example: values of parameters that it is shown with.
        given: its parameters, where the signature does not tell them.
    """

    path: str
    handler: Callable[..., Any]
    summary: str
    tag: str
    description: str = ""
    gives: Mapping[str, Any] = field(default_factory=dict)
    says: str = ""
    status: int = 200
    fields: Sequence[str] = ()
    problems: tuple[str, ...] = ()
    cache: str = "no-cache"
    example: Mapping[str, str] = field(default_factory=dict)
    given: Sequence[Parameter] | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the addresses look like."""
        return re.compile(_NAME.sub(r"(?P<\1>[^/]+)", self.path))

    @cached_property
    def parameters(self) -> Sequence[Parameter]:
        """Those of the address, in the order of the function's."""
        in_path = set(_NAME.findall(self.path))
        if self.given is not None:
            return self.given
        return [
            Parameter(
                name,
                _without_none(found.annotation),
                REQUIRED if found.default is inspect.Parameter.empty else found.default,
                "path" if name in in_path else "query",
            )
            for name, found in inspect.signature(self.handler).parameters.items()
            if found.annotation is not Request
        ]

    @cached_property
    def _takes_request(self) -> str | None:
        found = inspect.signature(self.handler).parameters.items()
        return next((name for name, one in found if one.annotation is Request), None)

    def answer(self, request: Request, path: Mapping[str, str]) -> Answer:
        """Answer a request.

        Args:
            request: what was asked.
            path: the values of the path's parameters.

        Raises:
            Problem: if a parameter is unknown, missing or wrong, a cursor among them, or what the handler raises.
        """
        arguments = self._arguments(dict(request.parameters), path)
        if self._takes_request:
            arguments[self._takes_request] = request
        try:
            found = self.handler(**arguments)
        except CursorExpired as error:
            raise Problem("cursor-expired", str(error)) from error
        except CursorInvalid as error:
            raise Problem("cursor-invalid", str(error)) from error
        answer = found if isinstance(found, Answer) else Answer.json(found)
        return answer if "Cache-Control" in answer.headers else answer.with_headers({"Cache-Control": self.cache})

    def _arguments(self, query: dict[str, str], path: Mapping[str, str]) -> dict[str, Any]:
        arguments = {}
        for parameter in self.parameters:
            given = path.get(parameter.name) if parameter.place == "path" else query.pop(parameter.name, None)
            if given is not None:
                arguments[parameter.argument] = parameter.read(given)
            elif parameter.default is REQUIRED:
                raise Problem("parameter-missing", f"`{parameter.name}` is missing")
            else:
                arguments[parameter.argument] = parameter.default
        if query:
            # Left out of account, a filter that is misspelt would find everything.
            known = ", ".join(sorted(parameter.name for parameter in self.parameters if parameter.place == "query"))
            detail = f"there is no parameter `{excerpt(min(query), 40)}` here; there {f'are {known}' if known else 'is none'}"
            raise Problem("parameter-unknown", detail)
        return arguments


type Group = Callable[[Router], None]
"""Adds routes to a router."""


@dataclass(frozen=True, slots=True)
class Router:
    """Finds the route of an address.

    Attributes:
        groups: what adds the routes: the first at once, each further one with the first address that none before it knows, so
            that what a rare route needs is imported with its first request. An address belongs to one group alone.
    """

    groups: Sequence[Group] = ()
    _left: list[Group] = field(default_factory=list, init=False)
    _static: dict[str, Route] = field(default_factory=dict, init=False)
    _dynamic: list[Route] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._left.extend(self.groups)
        if self._left:
            self._left.pop(0)(self)

    @property
    def routes(self) -> Sequence[Route]:
        """All of them."""
        while self._left:
            self._left.pop(0)(self)
        return [*self._static.values(), *self._dynamic]

    def get(self, path: str, **what: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Make a function answer GET at an address.

        Args:
            path: with the names of parameters in braces, each between slashes. Those without parameters are tried first.
            what: the attributes of :class:`Route`.
        """

        def add(handler: Callable[..., Any]) -> Callable[..., Any]:
            route = Route(path, handler, **what)
            if "{" in path:
                self._dynamic.append(route)
            else:
                self._static[path] = route
            return handler

        return add

    def find(self, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route of an address, and the values in it; None where there is none."""
        while True:
            if route := self._static.get(path):
                return route, {}
            for route in self._dynamic:
                if match := route.pattern.fullmatch(path):
                    return route, match.groupdict()
            if not self._left:
                return None
            self._left.pop(0)(self)
