import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from postkeep.aws.ledger import DynamoLedger
from postkeep_local.cli import main
from postkeep_local.folder import Ignored, PostFile
from postkeep_local.operations.archive import Archive
from postkeep_local.stack import control
from postkeep_local.upload import Outcome, Summary, Upload, _common_prefix, s3_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

BUCKET = "posts"
NAMES = ["a.md", "茶/2021-04-18-明前 #1 100% +&.md", "b/c.html", "b/d.txt", "b/🍵 | ?.markdown"]


@pytest.fixture
def s3() -> "Iterator[S3Client]":
    with mock_aws():
        client = s3_client(None, "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\ntitle: {name}\n---\n", encoding="utf-8")
    return tmp_path


def run(upload: Upload, folder: Path) -> Summary:
    told: list[tuple[str, Outcome]] = []
    totals: list[int] = []
    summary = upload(folder, started=totals.append, done=lambda key, outcome: told.append((key, outcome)))
    assert totals == [len(told)]
    return summary


def bodies(client: "S3Client") -> dict[str, bytes]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def versions(client: "S3Client") -> int:
    return len(client.list_object_versions(Bucket=BUCKET)["Versions"])


def test_every_post_is_uploaded_under_its_path(s3: "S3Client", folder: Path) -> None:
    summary = run(Upload(s3, BUCKET), folder)
    assert sorted(summary.uploaded) == sorted(NAMES)
    assert (summary.skipped, summary.failed, summary.ignored) == ([], [], [])
    assert bodies(s3) == {name: (folder / name).read_bytes() for name in NAMES}


@pytest.mark.parametrize(
    ("key", "kind"),
    [("a.md", "text/markdown"), ("b/c.html", "text/html"), ("b/d.txt", "text/plain"), ("b/🍵 | ?.markdown", "text/markdown")],
)
def test_objects_say_what_they_are(s3: "S3Client", folder: Path, key: str, kind: str) -> None:
    run(Upload(s3, BUCKET), folder)
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentType"] == f"{kind}; charset=utf-8"


def test_what_is_there_with_the_same_content_is_skipped(s3: "S3Client", folder: Path) -> None:
    run(Upload(s3, BUCKET), folder)
    (folder / "a.md").write_text("changed", encoding="utf-8")
    (folder / "new.md").write_text("new", encoding="utf-8")
    summary = run(Upload(s3, BUCKET), folder)
    assert sorted(summary.uploaded) == ["a.md", "new.md"]
    assert sorted(summary.skipped) == sorted(set(NAMES) - {"a.md"})
    assert versions(s3) == len(NAMES) + 2


def test_an_edit_that_keeps_the_size_is_uploaded(s3: "S3Client", folder: Path) -> None:
    run(Upload(s3, BUCKET), folder)
    body = (folder / "a.md").read_bytes()
    (folder / "a.md").write_bytes(body[:-1] + b"!")
    assert run(Upload(s3, BUCKET), folder).uploaded == ["a.md"]


def test_nothing_is_ever_deleted(s3: "S3Client", folder: Path) -> None:
    run(Upload(s3, BUCKET), folder)
    (folder / "a.md").unlink()
    run(Upload(s3, BUCKET), folder)
    assert "a.md" in bodies(s3)


def test_an_object_of_others_with_the_same_content_is_skipped(s3: "S3Client", folder: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key="a.md", Body=(folder / "a.md").read_bytes())
    assert "a.md" in run(Upload(s3, BUCKET), folder).skipped


def test_where_the_etag_is_no_md5_our_own_hash_tells(s3: "S3Client", folder: Path) -> None:
    body = (folder / "a.md").read_bytes()
    for key, content in (("a.md", body), ("b/c.html", b"-" * (folder / "b/c.html").stat().st_size)):
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key, Metadata={"sha256": hashlib.sha256(content).hexdigest()})
        part = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload["UploadId"], PartNumber=1, Body=content)
        s3.complete_multipart_upload(
            Bucket=BUCKET,
            Key=key,
            UploadId=upload["UploadId"],
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
        )
    summary = run(Upload(s3, BUCKET), folder)
    assert summary.skipped == ["a.md"]
    assert "b/c.html" in summary.uploaded


def test_the_prefix_goes_before_every_key(s3: "S3Client", folder: Path) -> None:
    run(Upload(s3, BUCKET, "old/"), folder)
    assert set(bodies(s3)) == {f"old/{name}" for name in NAMES}
    assert len(run(Upload(s3, BUCKET, "old/"), folder).skipped) == len(NAMES)


def test_listings_of_many_pages_are_read_to_their_end(s3: "S3Client", folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(Upload(s3, BUCKET), folder)
    seen: list[dict[str, Any]] = []

    def page(params: dict[str, Any], **_: object) -> None:
        seen.append(params)
        params["MaxKeys"] = 2

    s3.meta.events.register("provide-client-params.s3.ListObjectsV2", page)
    assert len(run(Upload(s3, BUCKET), folder).skipped) == len(NAMES)
    assert len(seen) == 3


def test_a_dry_run_uploads_nothing(s3: "S3Client", folder: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key="a.md", Body=(folder / "a.md").read_bytes())
    summary = run(Upload(s3, BUCKET, dry_run=True), folder)
    assert (summary.skipped, len(summary.uploaded)) == (["a.md"], len(NAMES) - 1)
    assert set(bodies(s3)) == {"a.md"}


def test_one_failure_does_not_stop_the_others(s3: "S3Client", folder: Path) -> None:
    def refuse(params: dict[str, Any], **_: object) -> None:
        if params["Key"] == "b/d.txt":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")

    s3.meta.events.register("provide-client-params.s3.PutObject", refuse)
    (folder / "dangling.md").symlink_to("nowhere")
    summary = run(Upload(s3, BUCKET), folder)
    assert len(summary.uploaded) == len(NAMES) - 1
    assert [name for name, _ in sorted(summary.failed)] == ["b/d.txt", "dangling.md"]
    assert "AccessDenied" in dict(summary.failed)["b/d.txt"]
    assert dict(summary.failed)["dangling.md"] == "No such file or directory"


def test_names_that_are_no_keys_fail(s3: "S3Client", folder: Path) -> None:
    if sys.platform == "darwin":
        pytest.skip("macOS keeps no such names")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.md")).write_text("x", encoding="utf-8")
    long = folder.joinpath(*["茶" * 80] * 5)
    long.mkdir(parents=True)
    (long / "x.md").write_text("x", encoding="utf-8")
    reasons = [reason for _, reason in run(Upload(s3, BUCKET), folder).failed]
    assert len(reasons) == 2
    assert any("UTF-8" in reason for reason in reasons)
    assert any("1,024" in reason for reason in reasons)


def test_more_posts_than_workers_all_arrive(s3: "S3Client", tmp_path: Path) -> None:
    for n in range(100):
        (tmp_path / f"{n}.md").write_text(str(n), encoding="utf-8")
    assert len(run(Upload(s3, BUCKET), tmp_path).uploaded) == 100
    assert bodies(s3) == {f"{n}.md": str(n).encode() for n in range(100)}


def test_an_empty_folder_asks_nothing(tmp_path: Path) -> None:
    client = s3_client("http://127.0.0.1:1", "us-east-1", local=True)
    assert run(Upload(client, BUCKET), tmp_path) == Summary()


@given(
    st.lists(st.lists(st.text("ab茶", min_size=1, max_size=2), min_size=1, max_size=4), min_size=1, max_size=6),
    st.sampled_from(["", "p", "p/", "a/b"]),
)
def test_the_common_prefix_is_one_of_every_key_and_ends_at_a_folder(paths: list[list[str]], prefix: str) -> None:
    files = [PostFile(Path("x"), prefix + "/".join(parts)) for parts in paths]
    common = _common_prefix(prefix, files)
    assert all(file.key.startswith(common) for file in files)
    assert common == prefix or common.endswith("/")


def test_the_common_prefix_goes_as_deep_as_all_posts() -> None:
    files = [PostFile(Path("x"), key) for key in ("a/b/c.md", "a/bb/d.md", "a/b/e/f.md")]
    assert _common_prefix("", files) == "a/"
    assert _common_prefix("", files[:1]) == "a/b/"


# ---- The command ----


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["put", *arguments])


@pytest.mark.usefixtures("s3")
def test_the_command_uploads_skips_and_counts(folder: Path) -> None:
    (folder / "cover.mp4").write_bytes(b"x")
    first = invoke(str(folder), "--bucket", BUCKET)
    assert first.exit_code == 0, first.output
    assert first.stdout == "5 uploaded, 0 skipped (there already), 0 failed, 1 ignored\n"
    assert "ignored cover.mp4: its name ends in none of" in first.stderr
    assert invoke(str(folder), "--bucket", BUCKET).stdout == "0 uploaded, 5 skipped (there already), 0 failed, 1 ignored\n"


def test_pictures_are_uploaded_before_the_posts_where_they_are_wanted(s3: "S3Client", folder: Path) -> None:
    (folder / "z").mkdir()
    (folder / "z" / "Leaf.PNG").write_bytes(b"leaf")
    left = invoke(str(folder), "--bucket", BUCKET, "--dry-run")
    assert left.stdout.endswith("5 to upload, 0 skipped (there already), 0 failed, 0 ignored\n")
    assert left.stderr.endswith("1 pictures were left where they are; --pictures uploads them too.\n")
    told: list[str] = []
    upload = Upload(s3, BUCKET, pictures=True)
    summary = upload(folder, started=lambda _: None, done=lambda key, _: told.append(key))
    assert told[0] == "z/Leaf.PNG"
    assert (len(summary.uploaded), summary.pictures) == (6, 1)
    found = s3.get_object(Bucket=BUCKET, Key="z/Leaf.PNG")
    assert (found["ContentType"], found["Body"].read()) == ("image/png", b"leaf")
    again = invoke(str(folder), "--bucket", BUCKET, "--pictures")
    assert again.stdout == "0 uploaded, 6 skipped (there already), 0 failed, 0 ignored\n"
    assert "pictures were left" not in again.stderr


@pytest.mark.usefixtures("s3")
def test_the_command_names_failures_and_exits_1(folder: Path) -> None:
    (folder / "dangling.md").symlink_to("nowhere")
    result = invoke(str(folder), "--bucket", BUCKET)
    assert result.exit_code == 1
    assert "failed dangling.md: No such file or directory" in result.stderr
    assert "1 failed" in result.stdout


@pytest.mark.usefixtures("s3")
def test_the_command_tells_of_a_dry_run(folder: Path) -> None:
    result = invoke(str(folder), "--bucket", BUCKET, "--dry-run", "--prefix", "p/")
    assert "would upload p/a.md\n" in result.stdout
    assert result.stdout.endswith("5 to upload, 0 skipped (there already), 0 failed, 0 ignored\n")


@pytest.mark.usefixtures("s3")
def test_the_command_says_which_bucket_is_not_to_be_had(folder: Path) -> None:
    result = invoke(str(folder), "--bucket", "nobodys")
    assert result.exit_code == 1
    assert "nobodys" in result.stderr
    assert "NoSuchBucket" in result.stderr


@pytest.mark.usefixtures("s3")
def test_many_ignored_files_are_counted_and_not_all_named(tmp_path: Path) -> None:
    for n in range(30):
        (tmp_path / f"{n:02}.mp4").write_bytes(b"x")
    result = invoke(str(tmp_path), "--bucket", BUCKET)
    assert result.stderr.count("ignored") == 20
    assert "… and 10 more that are no posts" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--endpoint-url", "http://127.0.0.1:1"),
        ("--region", "eu-west-1"),
        ("--profile", "mine"),
        ("--bucket", "x", "--stack", "y"),
    ],
)
def test_options_that_do_not_go_together_are_a_mistake(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = invoke(str(tmp_path), *arguments)
    assert result.exit_code == 2
    assert "--bucket" in result.stderr
    assert "--stack" in result.stderr


def test_a_profile_that_is_not_there_is_a_message(tmp_path: Path) -> None:
    result = invoke(str(tmp_path), "--bucket", BUCKET, "--profile", "not-there")
    assert result.exit_code == 1
    assert "not-there" in result.stderr


def test_posts_go_to_a_deployed_stack(folder: Path, deployed: Archive) -> None:
    result = invoke(str(folder), "--stack", deployed.name, "--region", deployed.region)
    assert result.exit_code == 0, result.output
    listed = deployed.client("s3").list_objects_v2(Bucket=deployed.posts_bucket)["Contents"]
    assert {found["Key"] for found in listed} == set(NAMES)


def test_an_archive_that_begins_with_this_version_is_noted(folder: Path, deployed: Archive) -> None:
    where = ("--stack", deployed.name, "--region", deployed.region)
    ledger = DynamoLedger(deployed.posts_table, deployed.client("dynamodb"))
    assert invoke(str(folder), "--dry-run", *where).exit_code == 0
    assert not ledger.read().recorded
    assert invoke(str(folder), *where).exit_code == 0
    assert ledger.read().due == ()
    before = ledger.read()
    assert invoke(str(folder), *where).exit_code == 0
    assert ledger.read() == before


def test_whoever_may_not_look_at_the_table_may_put_posts_all_the_same(folder: Path, deployed: Archive) -> None:
    deployed.client("dynamodb").delete_table(TableName=deployed.posts_table)
    assert invoke(str(folder), "--stack", deployed.name, "--region", deployed.region).exit_code == 0


def test_without_a_stack_and_a_bucket_it_says_what_to_do(tmp_path: Path) -> None:
    result = invoke(str(tmp_path), "--state", str(tmp_path / "none"))
    assert result.exit_code == 1
    assert "make up" in result.stderr


def test_the_running_stack_is_where_posts_go_by_default(folder: Path, s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    outputs = control.Outputs("http://127.0.0.1:1", "http://127.0.0.1:2", BUCKET, "archive", "table", "us-east-1", {})

    def client(*arguments: Any, **named: Any) -> "S3Client":
        asked.append((arguments, named))
        return s3

    monkeypatch.setattr(control, "outputs", lambda _state: outputs)
    monkeypatch.setattr("postkeep_local.operations.archive.make_client", client)
    monkeypatch.setattr("postkeep_local.operations.newness.note_if_new", lambda _archive: None)
    assert invoke(str(folder)).exit_code == 0
    assert asked == [(("s3", "http://127.0.0.1:2", "us-east-1"), {"profile": None, "local": True, "connections": 8})]
    assert set(bodies(s3)) == set(NAMES)


def test_the_local_client_takes_no_credentials_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-users-own")
    client = s3_client("http://127.0.0.1:1", "us-east-1", local=True)
    assert client._request_signer._credentials.access_key == "test"  # type: ignore[attr-defined]
    assert s3_client(None, "us-east-1")._request_signer._credentials.access_key == "the-users-own"  # type: ignore[attr-defined]


def test_ignored_files_are_told_with_their_reason(s3: "S3Client", tmp_path: Path) -> None:
    (tmp_path / "x.MD").write_text("x", encoding="utf-8")
    (found,) = run(Upload(s3, BUCKET), tmp_path).ignored
    assert isinstance(found, Ignored)
    assert found.name == "x.MD"
