"""Whether the functions' roles allow what the functions call."""

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

import boto3

from support.calls import Call, Recorder, key_needs, needs
from support.grants import Grant, Need, functions, grants
from support.template import resource, table_definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

_ACCOUNT = "us-east-1:123456789012"

ARNS = {
    "PostsBucket": "arn:aws:s3:::posts-bucket",
    "ArchiveBucket": "arn:aws:s3:::archive-bucket",
    "PostsTable": f"arn:aws:dynamodb:{_ACCOUNT}:table/posts",
    "ParseFunction": f"arn:aws:lambda:{_ACCOUNT}:function:parse",  # called by its alias, parse:live
    "RenderQueue": f"arn:aws:sqs:{_ACCOUNT}:render",
    "RenderBacklogQueue": f"arn:aws:sqs:{_ACCOUNT}:backlog",
    "ThumbnailQueue": f"arn:aws:sqs:{_ACCOUNT}:thumbnail",
    "IndexQueue": f"arn:aws:sqs:{_ACCOUNT}:index",
}
"""The template's resources, as the integration tests call them."""

_NAMES = {arn.rpartition("/")[2].rpartition(":")[2]: arn for arn in ARNS.values()}
_NAMES["parse:live"] = f"{ARNS['ParseFunction']}:live"

KEY = f"arn:aws:kms:{_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ARNS["KmsKeyArn"] = KEY
"""Where roles are looked at, everything is encrypted with a customer's key; without one they need nothing, and have nothing."""


@contextmanager
def recorded_handlers(patches: "pytest.MonkeyPatch") -> "Iterator[Recorder]":
    """Write down what the functions' handlers call, of clients that are made hereafter; they are called as module attributes."""
    recorder = Recorder()
    boto3.setup_default_session()
    session = boto3.DEFAULT_SESSION
    assert session is not None
    recorder.watch(session.events)
    for function in functions():
        path, _, name = resource(f"{function}Function")["Properties"]["Handler"].rpartition(".")
        module = import_module(path)
        patches.setattr(module, name, _within(recorder, function, getattr(module, name)))
    yield recorder
    boto3.setup_default_session()


def _within(recorder: Recorder, function: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(handler)
    def recorded(*arguments: Any) -> Any:
        with recorder.part(function):
            return handler(*arguments)

    return recorded


def needed(call: Call) -> list[Need]:
    """What IAM asks of whoever makes a call to what the integration tests set up, with a customer's key.

    Raises:
        LookupError: as :func:`support.calls.needs`.
    """
    found = needs(call, _NAMES, {name: arn for name, arn in _NAMES.items() if ":sqs:" in arn}, _keys())
    return [*found, *key_needs(found, KEY)]


def refused(calls: Iterable[Call]) -> list[str]:
    """The calls that the functions' own roles do not allow, and what is missing."""
    allowed = {function: grants(function, ARNS) for function in functions()}
    found = []
    for call in calls:
        found += [f"{call} needs {need}" for need in needed(call) if not any(grant.allows(need) for grant in allowed[call.part])]
    return found


def unused(function: str, calls: Iterable[Call]) -> dict[tuple[str, str, str | None], Grant]:
    """What a function's role allows and no call needs.

    Returns:
        by action, by the resource as the template writes it, and by the pattern of the partition keys.
    """
    wanted = [need for call in calls if call.part == function for need in needed(call)]
    return {
        (grant.action, grant.place, pattern): grant
        for grant in grants(function, ARNS)
        for pattern in grant.leading or (None,)
        if not any(grant.uses(need, pattern) for need in wanted)
    }


def _keys() -> dict[str, str]:
    """The partition keys of the table and its indexes."""

    def of(schema: list[dict[str, str]]) -> str:
        return next(part["AttributeName"] for part in schema if part["KeyType"] == "HASH")

    table = table_definition()
    return {"": of(table["KeySchema"])} | {i["IndexName"]: of(i["KeySchema"]) for i in table["GlobalSecondaryIndexes"]}
