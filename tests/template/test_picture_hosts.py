"""What is deployed asks public hosts only: the exemption for demonstrations cannot be had from the template."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from make_thumbnail.fetch import Fetcher
from postkeep.errors import PictureRefused
from postkeep.settings import ThumbnailSettings
from support.template import ROOT, resource, template

EXEMPTION = "POSTKEEP_PICTURE_HOSTS"
SHIPPED = sorted([*ROOT.glob("functions/**/*.py"), *ROOT.glob("layers/**/*.py")])
DEPLOYING = sorted([*ROOT.glob("template*.y*ml"), *ROOT.glob("samconfig*"), *ROOT.glob(".github/**/*.yml")])
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


def functions() -> dict[str, dict[str, Any]]:
    """The functions' properties."""
    found = template()["Resources"].items()
    return {
        name: body["Properties"] for name, body in found if body["Type"] in {"AWS::Serverless::Function", "AWS::Lambda::Function"}
    }


def variables(part: dict[str, Any]) -> dict[str, Any]:
    """The environment variables in the properties of a function, or in what they all have."""
    found: dict[str, Any] = part.get("Environment", {}).get("Variables", {})
    return found


def keys(value: Any) -> Iterator[str]:
    """All keys in a part of the template."""
    if isinstance(value, dict):
        yield from map(str, value)
        for inner in value.values():
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_the_name_is_the_one_that_the_function_reads() -> None:
    assert [path.name for path in SHIPPED if EXEMPTION in path.read_text("utf-8")] == ["settings.py"]
    needed = {"TABLE_NAME": "posts", "ARCHIVE_BUCKET": "archive", "KEEP_ORIGINALS": "false", "THUMBNAIL_AVIF": "false"}
    assert ThumbnailSettings.from_env({**needed, EXEMPTION: '{"a.example": "http://127.0.0.1:1"}'}).picture_hosts
    assert ThumbnailSettings.from_env(needed).picture_hosts == {}


def test_nothing_that_deploys_names_it() -> None:
    assert ROOT / "template.yaml" in DEPLOYING
    assert ROOT / "samconfig.toml" in DEPLOYING
    for file in DEPLOYING:
        assert "PICTURE_HOSTS" not in file.read_text("utf-8").upper(), file.name


def test_names_of_variables_are_written_out() -> None:
    # A macro, an included file or a loop could put together a name that is not there to be read.
    assert template()["Transform"] == "AWS::Serverless-2016-10-31"
    assert {key for key in keys(template()) if key.startswith(("Fn::ForEach", "Fn::Transform"))} == set()
    parts = [template()["Globals"]["Function"], *functions().values()]
    for part in parts:
        assert all(VARIABLE.fullmatch(name) for name in variables(part))
    # Another program that is started first could set it.
    assert not {"AWS_LAMBDA_EXEC_WRAPPER", "PYTHONSTARTUP", "PYTHONPATH"} & {name for part in parts for name in variables(part)}


def given(value: Any, parameter: str) -> str:
    """A value of the template, where each parameter, name and condition may be what somebody chose."""
    return value if isinstance(value, str) else parameter


@pytest.mark.parametrize("parameter", ["x", '{"a.example": "http://127.0.0.1:1"}', '{"*": ""}', "POSTKEEP_PICTURE_HOSTS"])
def test_no_parameter_opens_anything(parameter: str) -> None:
    own = {**variables(template()["Globals"]["Function"]), **variables(resource("ThumbnailFunction")["Properties"])}
    environment = {name: given(value, parameter) for name, value in own.items()}
    settings = ThumbnailSettings.from_env(environment)
    assert settings.picture_hosts == {}
    fetch = Fetcher(settings.picture_hosts, resolver=lambda *_: ["127.0.0.1"]).fetch
    for address in ("http://a.example/a", "http://127.0.0.1/a", "http://localhost/a"):
        with pytest.raises(PictureRefused) as refused:
            fetch(address)
        assert refused.value.reason == "address-not-public"
