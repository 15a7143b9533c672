"""The API against its own document, on the whole local stack: ``make test-contract``.

A stack is brought up in a folder of its own, the sample's posts are put into it, and schemathesis (from an environment of its
own) asks for whatever the document allows, and for what it does not. Its exit status is this program's.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from postkeep_local.demo import NO_OTHER_HOST
from postkeep_local.pictures_server import serve
from postkeep_local.stack import control
from postkeep_local.stack.emulator import Clients
from query_posts.parameters import EXAMPLE_POST
from support.sample import FILES
from support.template import ROOT

_SETTINGS = ROOT / "tests" / "schemathesis.toml"
_TOOL = ROOT / ".venv-schemathesis" / "bin" / "schemathesis"
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
    "negative_data_rejection,positive_data_acceptance,missing_required_header,unsupported_method,allow_header_conformance,"
    "tells_what_no_schema_can_say"
)
"""All but those of APIs that write or have users: use_after_free, ensure_resource_availability, object_level_authorization, and
ignored_auth, since this archive is open to all."""

_PICTURE = ROOT / "examples" / "pictures" / "tea-hills.jpg"


def main(arguments: list[str]) -> int:
    """Run it.

    Args:
        arguments: for schemathesis, after those of its own.
    """
    with tempfile.TemporaryDirectory(prefix="postkeep-contract-") as name:
        folder = Path(name)
        state, pictures = folder / "state", folder / "pictures"
        pictures.mkdir()
        shutil.copy(_PICTURE, pictures / "spring.jpg")
        with serve(pictures) as server:
            outputs = control.up(
                ROOT,
                state=state,
                # What has just been dropped is counted, and told as a change.
                parameters={"ChangesLagSeconds": "0"},
                picture_hosts={"tea.example.org": server, **NO_OTHER_HOST},
                api_port=0,
                endpoint_port=0,
                echo=lambda _: None,
            )
            try:
                _fill(outputs, state)
                settings = folder / "schemathesis.toml"
                settings.write_text(_SETTINGS.read_text("utf-8") + _dictionaries(outputs.api_url), "utf-8")
                command = [str(_TOOL), "--config-file", str(settings), "run"]
                command += [f"{outputs.api_url}/openapi.json", "--url", outputs.api_url, "--checks", _CHECKS]
                command += ["--phases", "examples,coverage,fuzzing,stateful", "--seed", "1", "--max-examples", "40", "--no-color"]
                told = {"SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("fuzzing.py"))}
                return subprocess.run([*command, *arguments], check=False, cwd=folder, env=os.environ | told).returncode
            finally:
                control.down(state, lambda _: None)


def _fill(outputs: control.Outputs, state: Path) -> None:
    clients = Clients(int(outputs.endpoint_url.rsplit(":", 1)[1]))
    for key, body in FILES.items():
        clients.s3.put_object(Bucket=outputs.posts_bucket, Key=key, Body=body.encode())
    assert control.await_idle(state, seconds=100).idle
    names = [entry["FunctionName"] for entry in clients.functions.list_functions()["Functions"]]
    clients.functions.invoke(FunctionName=next(name for name in names if "Count" in name))
    clients.close()


def _dictionaries(api: str) -> str:
    """What schemathesis.toml has no way to know, in its form; an archive in which there is nothing of a kind is no test."""
    pictures = _asked(api, f"/posts/{EXAMPLE_POST}/pictures")["pictures"]
    thumbnails = [thumbnail["url"].split("/")[-2:] for picture in pictures for thumbnail in picture["thumbnails"]]
    changes = _asked(api, "/changes?limit=1")
    assert len(changes["posts"]) == 1
    assert _asked(api, "/counts")["statuses"] == {"ready": len(FILES)}
    assert _asked(api, "/search?q=rain")["total"] == 1
    words = {
        "folders": sorted({folder for folder, _ in thumbnails}),
        "names": sorted({name for _, name in thumbnails}),
        "cursors": [changes["next"]],
    }
    assert all(words.values())
    return "".join(f"\n[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in words.items())


def _asked(api: str, target: str) -> Any:
    return httpx.get(f"{api}{target}", timeout=60, trust_env=False).raise_for_status().json()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
