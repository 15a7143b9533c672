"""What each function's role allows, out of template.yaml, and whether it allows what a call needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.template import resource, template

_SUB = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")

_CONDITION = ("ForAllValues:StringLike", "dynamodb:LeadingKeys")
"""The one condition that the template's roles have. Source: Amazon DynamoDB Developer Guide, «Using IAM policy conditions»."""


@dataclass(frozen=True, slots=True)
class Need:
    """What IAM is asked before a call is let through.

    Attributes:
        action: such as ``s3:GetObject``.
        resource: an ARN.
        leading: the partition keys that the call names, of one action of DynamoDB.
    """

    action: str
    resource: str
    leading: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grant:
    """One action on one resource, as a statement allows it.

    Attributes:
        sid: the statement's name.
        action: without wildcards, as tests/template demands.
        place: the resource as the template writes it, such as ``PostsTable.Arn/index/by_due``, or its parameter.
        resource: its ARN, with wildcards.
        leading: the patterns that partition keys must match; None where there is no condition.
    """

    sid: str
    action: str
    place: str
    resource: str
    leading: tuple[str, ...] | None

    def allows(self, need: Need) -> bool:
        """Whether this alone lets a call through: IAM never puts a call's keys together out of several statements."""
        if self.action != need.action or not matches(self.resource, need.resource):
            return False
        # ForAllValues holds where a call has no such key.
        return self.leading is None or all(any(matches(one, key) for one in self.leading) for key in need.leading)

    def uses(self, need: Need, pattern: str | None) -> bool:
        """Whether a call needs this, and of its conditions this pattern."""
        return self.allows(need) and (pattern is None or any(matches(pattern, key) for key in need.leading))


def matches(pattern: str, text: str) -> bool:
    """IAM's wildcards: ``*`` is anything, slashes included, ``?`` is any one character; the rest is literal."""
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(char) or re.escape(char) for char in pattern), text, re.DOTALL) is not None


def functions() -> list[str]:
    """The functions' logical names, without their ending."""
    found = [name for name, part in template()["Resources"].items() if part["Type"] == "AWS::Serverless::Function"]
    return [name.removesuffix("Function") for name in found]


def grants(function: str, arns: Mapping[str, str]) -> list[Grant]:
    """What a function's own policy allows.

    What SAM adds (to write logs and traces, to receive from a queue, to send to the on-failure queue) is not the template's.

    Args:
        function: such as ``Parse``.
        arns: of the resources, by logical name.

    Raises:
        ValueError: if a statement has a part that is not understood here.
    """
    found: list[Grant] = []
    for statement in _statements(function):
        if statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"} or statement["Effect"] != "Allow":
            raise ValueError(f"{function}: {statement['Sid']} has a part that is not understood")
        for action in _listed(statement["Action"]):
            for target in _listed(statement["Resource"]):
                place = _place(target)
                arn = re.sub(r"^[A-Za-z]+(\.Arn|$)", lambda name: arns[name[0].removesuffix(".Arn")], place)
                found.append(Grant(statement["Sid"], action, place, arn, _leading(statement)))
    return found


def _statements(function: str) -> list[dict[str, Any]]:
    own = resource(f"{function}Function")["Properties"].get("Policies", [])
    found = [_with_the_key(statement) for policy in own for statement in policy["Statement"]]
    for name, part in template()["Resources"].items():
        if part["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}:
            if part["Properties"]["Roles"] == [{"Ref": f"{function}FunctionRole"}]:
                found += map(_with_the_key, part["Properties"]["PolicyDocument"]["Statement"])
            elif len(part["Properties"]["Roles"]) != 1:
                raise ValueError(f"{name} is of several roles")
    return found


def _with_the_key(statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement as it is where ``KmsKeyArn`` is given; without it, those that are conditional on it are not there.

    Raises:
        ValueError: if it is conditional on something else.
    """
    match statement:
        case {"Fn::If": ["HasKmsKey", dict(found), {"Ref": "AWS::NoValue"}]} if len(statement) == 1:
            return found
        case {"Sid": str()}:
            return dict(statement)
    raise ValueError(f"{statement} has a condition that is not understood")


def _leading(statement: Mapping[str, Any]) -> tuple[str, ...] | None:
    if "Condition" not in statement:
        return None
    operator, key = _CONDITION
    if statement["Condition"].keys() != {operator} or statement["Condition"][operator].keys() != {key}:
        raise ValueError(f"{statement['Sid']} has a condition that is not understood")
    return tuple(_listed(statement["Condition"][operator][key]))


def _place(target: Mapping[str, Any]) -> str:
    """A resource as ``Name.Arn`` and what follows, or the parameter that names it."""
    match target:
        case {"Ref": "KmsKeyArn"}:
            return "KmsKeyArn"
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return f"{name}.Arn"
        case {"Fn::Sub": str(text)} if len(_SUB.findall(text)) == 1 and _SUB.match(text):
            return _SUB.sub(r"\1", text)
    raise ValueError(f"{target} is not understood")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
