"""Who is asked for a token: what the SAM transform makes of the template."""

from typing import Any

import pytest

from postkeep.web.access import OPEN
from support.template import template, translated

TOKEN = {"Fn::If": ["ReadByToken", [{"Token": []}], {"Ref": "AWS::NoValue"}]}


def definition() -> Any:
    """The API's definition, as CloudFormation gets it."""
    return translated()["Resources"]["HttpApi"]["Properties"]["Body"]


@pytest.mark.parametrize("path", ["/", "/{proxy+}", "/search", "/suggest"])
def test_a_token_is_asked_for_where_the_archive_is_read_with_one(path: str) -> None:
    assert definition()["paths"][path]["x-amazon-apigateway-any-method"]["security"] == TOKEN


def test_what_is_open_to_all_asks_for_none() -> None:
    for path in OPEN:
        assert "security" not in definition()["paths"][path]["x-amazon-apigateway-any-method"]
    # A browser's preflight carries no token.
    for path in ("/{proxy+}", "/search", "/suggest"):
        assert "security" not in definition()["paths"][path]["options"]


def test_every_route_leads_to_the_function() -> None:
    paths = definition()["paths"]
    assert set(paths) == {"/", "/{proxy+}", "/search", "/suggest", *OPEN}
    for path, methods in paths.items():
        function = "SearchFunction" if path in {"/search", "/suggest"} else "QueryFunction"
        for operation in methods.values():
            assert function in str(operation["x-amazon-apigateway-integration"])


def test_the_tokens_are_checked_by_the_gateway() -> None:
    condition, made, otherwise = definition()["components"]["Fn::If"]
    assert (condition, otherwise) == ("ReadByToken", {"Ref": "AWS::NoValue"})
    authorizer = made["securitySchemes"]["Token"]["x-amazon-apigateway-authorizer"]
    assert authorizer == {
        "type": "jwt",
        "identitySource": "$request.header.Authorization",
        "jwtConfiguration": {"issuer": {"Ref": "JwtIssuer"}, "audience": {"Fn::Split": [",", {"Ref": "JwtAudience"}]}},
    }


@pytest.mark.parametrize(
    ("rule", "access", "refused"),
    [
        ("AKeyHasAHash", "key", [("ReadKeyHashes", ""), ("ReadKeyHashes", "none")]),
        ("ATokenHasAnIssuerAndAnAudience", "jwt", [("JwtIssuer", ""), ("JwtAudience", "")]),
    ],
)
def test_what_an_access_needs_is_asked_for_before_anything_is_made(
    rule: str, access: str, refused: list[tuple[str, str]]
) -> None:
    found = template()["Rules"][rule]
    assert found["RuleCondition"] == {"Fn::Equals": [{"Ref": "ReadAccess"}, access]}
    named = [one["Assert"]["Fn::Not"][0]["Fn::Equals"] for one in found["Assertions"]]
    assert [(reference["Ref"], value) for reference, value in named] == refused


def test_keys_are_given_as_hashes_and_shown_to_nobody() -> None:
    parameter = template()["Parameters"]["ReadKeyHashes"]
    assert (parameter["NoEcho"], parameter["AllowedPattern"]) == (True, "^(none|[0-9a-f]{64}(,[0-9a-f]{64})*)?$")
    assert template()["Parameters"]["ReadAccess"]["Default"] == "public"
