"""The API's document: made of the code, committed, and a promise."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import validate

from postkeep.web.problems import KINDS
from postkeep_local.contract.breaking import breaking
from postkeep_local.contract.document import COMMON, NOWHERE
from postkeep_local.contract.page import page
from support.contract import DOCUMENT, PAGE, RELEASED, files
from support.sample import Sample, example_address
from support.template import ROOT

CONTRACT: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))
SAMPLE = Sample()


@pytest.mark.parametrize("path", [DOCUMENT, PAGE], ids=lambda path: path.name)
def test_what_is_committed_is_what_the_code_does(path: Any) -> None:
    assert path.read_text("utf-8") == files()[path], "run make contract"


def test_it_is_openapi() -> None:
    validate(CONTRACT)


def test_nothing_of_the_last_release_is_broken() -> None:
    assert breaking(json.loads(RELEASED.read_text("utf-8")), CONTRACT) == []


def test_every_kind_of_problem_is_promised_by_a_route_or_by_all() -> None:
    promised = {kind for route in SAMPLE.all_routes() for kind in (*COMMON, *route.problems)}
    assert KINDS.keys() == promised | NOWHERE | {"parameter-missing"}


def test_every_kind_of_problem_has_its_page() -> None:
    told = (ROOT / "docs" / "problems.md").read_text("utf-8")
    for kind, what in KINDS.items():
        assert f"| `{kind}` | {what.status.value} |" in told, kind
    assert told.count("\n| `") == len(KINDS)


def test_an_address_leads_to_one_route() -> None:
    # Later ones are only asked where none before knows the address: none of them may be hidden.
    for route in SAMPLE.routes.routes:
        path = route.path.replace("{form}", "atom").replace("{", "").replace("}", "")
        found = SAMPLE.routes.find(path)
        assert found
        assert found[0] is route, path


@pytest.mark.parametrize("path", sorted(SAMPLE.examples()))
def test_an_example_is_of_the_shape_that_is_promised(path: str) -> None:
    route = next(route for route in SAMPLE.all_routes() if route.path == path)
    answer = SAMPLE.ask(*example_address(route))
    assert answer["statusCode"] == route.status
    kind = route.gives[answer["headers"]["Content-Type"].partition(";")[0]]
    if kind is not None:
        msgspec.json.decode(answer["body"], type=kind)
    said = CONTRACT["paths"][path]["get"]["responses"][str(route.status)]
    assert any("example" in content for content in said["content"].values())


def test_the_page_shows_everything_and_loads_nothing() -> None:
    shown = page(CONTRACT)
    for path, item in CONTRACT["paths"].items():
        assert f"<code>GET {path}</code>" in shown
        for parameter in item["get"].get("parameters", ()):
            assert f"<td><code>{parameter['name']}</code></td>" in shown
    for name in CONTRACT["components"]["schemas"]:
        assert f'id="{name.lower()}"' in shown
    assert not [word for word in ("<script", "<link", "<img", "src=", "url(", "@import") if word in shown]


def test_the_page_shows_strangers_text_as_text() -> None:
    hostile = deepcopy(CONTRACT)
    hostile["paths"]["/posts"]["get"]["summary"] = "<script>alert(1)</script>"
    hostile["paths"]["/posts"]["get"]["responses"]["200"]["content"]["application/json"]["example"] = "</code><script>"
    assert "<script" not in page(hostile)


def _at(document: Any, *keys: Any) -> Any:
    for key in keys:
        document = document[key]
    return document


POSTS = ("paths", "/posts", "get")


def _parameter(document: Any, name: str) -> Any:
    return next(one for one in _at(document, *POSTS, "parameters") if one["name"] == name)


def _drop_parameter(document: Any) -> None:
    _at(document, *POSTS, "parameters").remove(_parameter(document, "tag"))


def _add_parameter(document: Any) -> None:
    _at(document, *POSTS, "parameters").append({"name": "who", "required": True, "schema": {"type": "string"}})


BREAKING: dict[str, Callable[[Any], Any]] = {
    "GET /posts: is gone": lambda new: new["paths"].pop("/posts"),
    "GET /posts: the parameter tag is gone": _drop_parameter,
    "GET /posts: the parameter who is new, and required": _add_parameter,
    "GET /posts: tag is required now": lambda new: _parameter(new, "tag").update(required=True),
    "GET /posts: limit has another maximum: 50": lambda new: _parameter(new, "limit")["schema"].update(maximum=50),
    "GET /posts: limit has another minimum: 2": lambda new: _parameter(new, "limit")["schema"].update(minimum=2),
    "GET /posts: tag has another maxLength: 9": lambda new: _parameter(new, "tag")["schema"].update(maxLength=9),
    "GET /posts: sort has another minLength: 1": lambda new: _parameter(new, "sort")["schema"].update(minLength=1),
    "GET /posts: month has another pattern: x": lambda new: _parameter(new, "month")["schema"].update(pattern="x"),
    "GET /posts: limit was 20 by default, and is 50": lambda new: _parameter(new, "limit")["schema"].update(default=50),
    "GET /posts: limit was of type integer, and is of type string": lambda new: _parameter(new, "limit")["schema"].update(
        type="string"
    ),
    "GET /posts: sort takes no 'added' any more": lambda new: _parameter(new, "sort")["schema"].update(enum=["published"]),
    "GET /posts: tag takes a few values alone now": lambda new: _parameter(new, "tag")["schema"].update(enum=["茶"]),
    "GET /posts: does not answer 200 any more": lambda new: _at(new, *POSTS, "responses").pop("200"),
    "GET /posts: 200 is not there as application/json any more": lambda new: _at(
        new, *POSTS, "responses", "200", "content"
    ).clear(),
    "GET /posts: 200 as application/json is of another shape": lambda new: _at(
        new, *POSTS, "responses", "200", "content", "application/json"
    ).update(schema={"type": "array", "items": {"$ref": "#/components/schemas/ListedPost"}}),
    "PostDetail.size: is gone": lambda new: _at(new, "components", "schemas", "PostDetail", "properties").pop("size"),
    "PostDetail.size: was integer, and is string": lambda new: _at(
        new, "components", "schemas", "PostDetail", "properties", "size"
    ).update(type="string"),
    "PostDetail.size: is not always there any more": lambda new: _at(
        new, "components", "schemas", "PostDetail", "required"
    ).remove("size"),
    "Counts.statuses: was object of integer, and is object": lambda new: _at(
        new, "components", "schemas", "Counts", "properties", "statuses"
    ).pop("additionalProperties"),
}


@pytest.mark.parametrize("told", BREAKING)
def test_what_breaks_its_readers_is_found(told: str) -> None:
    new = deepcopy(CONTRACT)
    BREAKING[told](new)
    assert breaking(CONTRACT, new) == [told]


def _grow(new: Any) -> None:
    new["paths"]["/more"] = {"get": {"responses": {}}}
    _parameter(new, "limit")["schema"].update(maximum=500, minimum=0)
    _parameter(new, "sort")["schema"]["enum"].append("length")
    _at(new, *POSTS, "parameters").append({"name": "who", "required": False, "schema": {"type": "string"}})
    _at(new, *POSTS, "responses").pop("410")
    _at(new, "components", "schemas", "PostDetail", "properties")["more"] = {"type": "string"}
    _at(new, "components", "schemas", "PostDetail", "properties", "status", "enum").append("lost")
    new["components"]["schemas"].pop("Problem")


def test_what_grows_breaks_nothing() -> None:
    new = deepcopy(CONTRACT)
    _grow(new)
    assert breaking(CONTRACT, new) == []
