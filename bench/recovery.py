"""What a run of reconcile costs on an archive in which everything agrees: its calls on moto, counted and priced.

python bench/recovery.py [POSTS]: 1,000 by default, and twice as many, in about two minutes; the figures are scaled to 100,000.
"""

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
from moto import mock_aws

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "functions" / "reconcile")]
os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}

from bench.costs import prices  # noqa: E402 (the path is set above)

from fakes.memory import MemoryQueue  # noqa: E402
from postkeep.aws.dynamodb import DynamoListings, DynamoPosts  # noqa: E402
from postkeep.aws.s3 import Bucket  # noqa: E402
from postkeep.ports import Filed, Rendered  # noqa: E402
from postkeep.post import Rendition, Revision  # noqa: E402
from reconcile_posts.reconciling import Reconciling  # noqa: E402
from support.metering import Meter, Usage  # noqa: E402
from support.posts import METADATA, a_post  # noqa: E402
from support.template import table_definition  # noqa: E402

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from postkeep.ports import RecordChecker

_SCALE = 100_000
_BODY = b"---\ntitle: t\n---\n"


class _Nobody:
    """Parse, which is not to be asked."""

    def check(self, keys: Any) -> None:
        raise AssertionError(keys)


def fill(s3: "S3Client", dynamodb: "DynamoDBClient", posts: int) -> None:
    """Make so many posts that are as they should be."""
    records = DynamoPosts("posts", dynamodb)
    etag = s3.put_object(Bucket="archive", Key="probe", Body=_BODY)["ETag"].strip('"')
    for number in range(posts):
        key = f"tea/_posts/2021-06-29-{number:06}-雨前茶的香气.md"
        answer = s3.put_object(Bucket="posts", Key=key, Body=_BODY)
        # Without further tags there are no rows, which would not be read anyway, and cost moto a copy of its table each.
        post = replace(a_post(key), size=len(_BODY), metadata=replace(METADATA, tags=("茶",)))
        post = replace(post, revision=Revision(post.revision.sequencer, answer.get("VersionId", ""), etag))
        rendition = Rendition(f"renditions/{post.id}/00000001-1.json", 1, 1000, 3)
        s3.put_object(Bucket="archive", Key=rendition.key, Body=b"")
        records.offer(post)
        records.settle(Filed(post, {}), Rendered(rendition, "清晨的第一杯茶，总是最香的。" * 10), changed=post.changed)


def measure(posts: int) -> Usage:
    """Run reconcile over so many posts, and count its calls."""
    with mock_aws():
        s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        for bucket in ("posts", "archive"):
            s3.create_bucket(Bucket=bucket)
        dynamodb.create_table(TableName="posts", **table_definition())
        fill(s3, dynamodb, posts)
        meter = Meter({"posts": table_definition()}, dynamodb)
        watched = boto3.client("s3"), boto3.client("dynamodb")
        for client in watched:
            meter.watch(client.meta.events)
        case = Reconciling(
            objects=Bucket("posts", watched[0]),
            archive=Bucket("archive", watched[0]),
            records=DynamoListings("posts", watched[1]),
            parse=cast("RecordChecker", _Nobody()),
            renders=MemoryQueue(),
            now=lambda: datetime.now(UTC),
        )
        with meter.part("reconcile") as usage:
            report = case()
        if report is None or report.tally.counts or report.tally.objects != posts:
            raise RuntimeError(f"something did not agree: {report}")
        return usage


def main() -> None:
    """Print the calls and the costs, scaled to 100,000 posts."""
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    few, many = measure(posts), measure(2 * posts)

    def scaled(first: float, second: float) -> float:
        """What a run does once, it does once however many posts there are: the difference of two runs grows."""
        return first + (second - first) * (_SCALE / posts - 1)

    print(f"{posts:,} and {2 * posts:,} posts measured, scaled to {_SCALE:,}:")
    for call, number in sorted(many.calls.items()):
        print(f"  {call:<28} {scaled(few.calls[call], number):>10,.0f} calls")
    total = 0.0
    for name, amount in sorted(many.amounts.items()):
        units = scaled(few.amounts.get(name, 0.0), amount)
        cost = units * prices()["per_million"][name] / 1e6
        total += cost
        print(f"  {name:<28} {units:>10,.0f}  ${cost:.5f}")
    print(f"  total ${total:.4f} a run; ${total * 30:.2f} a month if daily")


if __name__ == "__main__":
    main()
