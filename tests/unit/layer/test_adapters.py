"""What the adapters make of AWS's refusals, which moto does not give."""

import io
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from postkeep.aws.dynamodb import DynamoListings, DynamoPictures, DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.errors import Conflict, ObjectChanged, Superseded
from postkeep.ports import Filed, Rendered
from postkeep.post import Picture, Post, Rendition
from support.posts import EPOCH, a_post, next_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

PICTURE = Picture(id="a", address="https://pictures.example/a")
RENDERED = Rendered(Rendition("key", 1, 1, 1), "")


class Refusing:
    """A client that answers every call with the same error or the same answers, one after another."""

    def __init__(self, *says: Any) -> None:
        self._says = list(says)
        self.calls: list[str] = []

    def __getattr__(self, call: str) -> Any:
        def answer(**_: Any) -> Any:
            self.calls.append(call)
            said = self._says.pop(0) if len(self._says) > 1 else self._says[0]
            if isinstance(said, Exception):
                raise said
            return said

        return answer


def error(code: str, *reasons: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": ""}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "Call")


def dynamodb(*says: Any) -> "DynamoDBClient":
    return cast("DynamoDBClient", Refusing(*says))


CONFLICTS = [
    error("TransactionConflictException"),
    error("TransactionCanceledException", "None", "TransactionConflict"),
]


@pytest.mark.parametrize("refusal", CONFLICTS)
def test_a_transaction_that_meets_another_is_a_conflict(refusal: ClientError) -> None:
    posts = DynamoPosts("t", dynamodb(refusal))
    with pytest.raises(Conflict):
        posts.settle(Filed(a_post(), {"tag#x": ""}), RENDERED, changed=EPOCH)


def test_a_write_that_meets_a_transaction_is_a_conflict() -> None:
    posts = DynamoPosts("t", dynamodb(error("TransactionConflictException")))
    with pytest.raises(Conflict):
        posts.offer(a_post())
    with pytest.raises(Conflict):
        posts.replace(next_of(a_post(), 2), replacing=a_post())


THROTTLED = [error("ProvisionedThroughputExceededException"), error("TransactionCanceledException", "ThrottlingError")]


@pytest.mark.parametrize("refusal", THROTTLED)
def test_any_other_refusal_is_passed_on(refusal: ClientError) -> None:
    post: Post = a_post()
    posts, pictures = DynamoPosts("t", dynamodb(refusal)), DynamoPictures("t", dynamodb(refusal))
    calls: list[Callable[[], object]] = [
        lambda: posts.offer(post),
        lambda: posts.replace(post, replacing=post),
        lambda: posts.settle(Filed(post, {}), RENDERED, changed=EPOCH),
        lambda: pictures.arrange(post.id, add=[PICTURE], remove=()),
        lambda: pictures.record(post.id, PICTURE),
    ]
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value is refusal


def test_a_condition_that_fails_without_telling_the_record_is_a_conflict() -> None:
    refusal = error("ConditionalCheckFailedException")
    with pytest.raises(Conflict):
        DynamoPosts("t", dynamodb(refusal)).replace(next_of(a_post(), 2), replacing=a_post())


def test_a_settling_of_an_old_generation_is_told_by_any_reason() -> None:
    refusal = error("TransactionCanceledException", "ConditionalCheckFailed", "None")
    with pytest.raises(Superseded):
        DynamoPosts("t", dynamodb(refusal)).settle(Filed(a_post(), {"tag#x": ""}), RENDERED, changed=EPOCH)


def test_pictures_that_stay_unprocessed_are_written_again_and_not_for_ever() -> None:
    again: dict[str, Any] = {"UnprocessedItems": {"t": [{"PutRequest": {"Item": {}}}]}}
    client = Refusing(again, again, {})
    DynamoPictures("t", cast("DynamoDBClient", client)).arrange("a", add=[PICTURE], remove=())
    assert client.calls == ["batch_write_item"] * 3
    with pytest.raises(ClientError, match="unprocessed"):
        DynamoPictures("t", dynamodb(again)).arrange("a", add=[PICTURE], remove=())


def test_keys_that_stay_unprocessed_are_asked_for_again_and_not_for_ever() -> None:
    again = {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "a"}}]}}}
    done: dict[str, Any] = {"Responses": {"t": []}, "UnprocessedKeys": {}}
    client = Refusing(again, again, done)
    assert DynamoListings("t", cast("DynamoDBClient", client)).posts(["a"]) == {}
    assert client.calls == ["batch_get_item"] * 3
    with pytest.raises(ClientError, match="unprocessed"):
        DynamoListings("t", dynamodb(again)).posts(["a"])


def test_an_object_that_was_not_deleted_is_an_error() -> None:
    client = Refusing({"Errors": [{"Key": "a", "Code": "AccessDenied", "Message": "no"}]})
    with pytest.raises(ClientError, match="AccessDenied"):
        Bucket("b", cast("S3Client", client)).delete(["a"])


def test_what_is_not_absence_is_passed_on() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        Bucket("b", cast("S3Client", Refusing(error("AccessDenied")))).get("a", limit=1)


def _refused(retries: int) -> ClientError:
    refusal = error("PreconditionFailed")
    refusal.response["ResponseMetadata"] = cast("Any", {"RetryAttempts": retries})
    return refusal


def _found(body: bytes) -> Any:
    return {"Body": StreamingBody(io.BytesIO(body), len(body)), "ContentLength": len(body), "ETag": '"e"'}


def test_a_swap_that_was_refused_because_of_its_own_first_try_was_made() -> None:
    s3 = Refusing(_refused(1), _found(b"mine"))
    Bucket("b", cast("S3Client", s3)).swap("k", b"mine", replacing="e")
    assert s3.calls == ["put_object", "get_object"]


@pytest.mark.parametrize("there", [_found(b"another's"), _found(b"others"), error("NoSuchKey")])
def test_a_swap_that_was_tried_again_and_met_another_is_refused(there: Any) -> None:
    with pytest.raises(ObjectChanged):
        Bucket("b", cast("S3Client", Refusing(_refused(1), there))).swap("k", b"mine", replacing="e")


def test_a_swap_that_was_tried_once_is_refused_whatever_is_there() -> None:
    with pytest.raises(ObjectChanged):
        Bucket("b", cast("S3Client", Refusing(_refused(0), _found(b"mine")))).swap("k", b"mine", replacing="e")
