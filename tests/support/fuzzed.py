"""The API against its own document, on the whole local stack: ``make test-contract``.

A stack is brought up in a folder of its own, the sample's posts are put into it, and schemathesis (from an environment of its
own) asks for whatever the document allows, and for what it does not. Its exit status is this program's.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from postkeep_local.stack import control
from postkeep_local.stack.emulator import Clients
from support.sample import FILES
from support.template import ROOT

_TOOL = ROOT / ".venv-schemathesis" / "bin" / "schemathesis"
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
    "negative_data_rejection,positive_data_acceptance,missing_required_header,unsupported_method,allow_header_conformance"
)
"""All but those of APIs that write or have users: use_after_free, ensure_resource_availability, object_level_authorization, and
ignored_auth, since this archive is open to all."""


def main(arguments: list[str]) -> int:
    """Run it.

    Args:
        arguments: for schemathesis, after those of its own.
    """
    with tempfile.TemporaryDirectory(prefix="postkeep-contract-") as folder:
        state = Path(folder) / "state"
        outputs = control.up(
            ROOT, state=state, parameters={"FetchPictures": "false"}, api_port=0, endpoint_port=0, echo=lambda _: None
        )
        try:
            clients = Clients(int(outputs.endpoint_url.rsplit(":", 1)[1]))
            for key, body in FILES.items():
                clients.s3.put_object(Bucket=outputs.posts_bucket, Key=key, Body=body.encode())
            control.await_idle(state, seconds=100)
            clients.functions.invoke(FunctionName=_counting(clients))
            clients.close()
            command = [str(_TOOL), "--config-file", str(ROOT / "tests" / "schemathesis.toml"), "run"]
            command += [f"{outputs.api_url}/openapi.json", "--url", outputs.api_url, "--checks", _CHECKS]
            command += ["--phases", "examples,coverage,fuzzing", "--seed", "1", "--max-examples", "60", "--no-color", *arguments]
            return subprocess.run(command, check=False, cwd=folder).returncode
        finally:
            control.down(state, lambda _: None)


def _counting(clients: Clients) -> str:
    names = [entry["FunctionName"] for entry in clients.functions.list_functions()["Functions"]]
    return next(name for name in names if "Count" in name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
