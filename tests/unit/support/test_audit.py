"""make audit: what it says of vulnerabilities, of waivers, and of a database that does not answer."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from support import audit as module
from support.audit import PIP_AUDIT, AuditFailed, Waiver, audit, main, waivers
from support.locks import LAYER, locks, pins

TODAY = date(2026, 11, 25)
LAYERS = pins(LAYER / "requirements.txt")
VICTIM = LAYERS[0]
FOUND = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["99"], "description": "bad"}
ENTRY = '[[waived]]\nid = "CVE-1"\npackage = "{}"\nuntil = {}\nreason = "{}"\n'


class Answering:
    """pip-audit, as it answers."""

    def __init__(self, vulnerable: str = "", unknown: str = "", stdout: str | None = None, stderr: str = "") -> None:
        self.vulnerable, self.unknown = vulnerable, unknown
        self.stdout, self.stderr = stdout, stderr
        self.dry = 0

    def __call__(self, arguments: Sequence[str], _seconds: int) -> subprocess.CompletedProcess[str]:
        if "--dry-run" in arguments:
            return subprocess.CompletedProcess(arguments, self.dry, "", self.stderr)
        files = [arguments[at + 1] for at, word in enumerate(arguments) if word == "--requirement"]
        lines = [line.split("==") for file in files for line in Path(file).read_text("utf-8").splitlines()]
        said = json.dumps({"dependencies": [self.told(name, version) for name, version in lines], "fixes": []})
        return subprocess.CompletedProcess(arguments, 0, said if self.stdout is None else self.stdout, self.stderr)

    def told(self, name: str, version: str) -> dict[str, Any]:
        if self.unknown in {name, "*"}:
            return {"name": name, "skip_reason": "not found"}
        return {"name": name, "version": version, "vulns": [FOUND] if name == self.vulnerable else []}


def waived(until: date = TODAY, name: str = "CVE-1") -> list[Waiver]:
    return [Waiver(name, VICTIM.name, until, "not called here")]


def test_every_package_of_every_lock_is_asked_about() -> None:
    (line,) = audit(Answering(), [], TODAY)
    assert line == f"audit: {len({(pin.name, pin.version) for lock in locks() for pin in pins(lock)})} packages were asked about"


def test_a_vulnerability_fails() -> None:
    with pytest.raises(AuditFailed, match=rf"{VICTIM.name} {VICTIM.version}: PYSEC-1 \(mended in 99\)"):
        audit(Answering(VICTIM.name), [], TODAY)


def test_a_waiver_lets_it_through_until_its_day() -> None:
    assert any(
        "is let through until 2026-11-25: not called here" in line for line in audit(Answering(VICTIM.name), waived(), TODAY)
    )
    with pytest.raises(AuditFailed, match="let through until 2026-11-24"):
        audit(Answering(VICTIM.name), waived(date(2026, 11, 24)), TODAY)
    with pytest.raises(AuditFailed, match="PYSEC-1"):
        audit(Answering(VICTIM.name), waived(name="CVE-2"), TODAY)
    assert any("its waiver can go" in line for line in audit(Answering(), waived(), TODAY))


def test_a_package_that_nothing_is_known_of_fails() -> None:
    with pytest.raises(AuditFailed, match=f"{VICTIM.name}: nothing is known of it"):
        audit(Answering(unknown=VICTIM.name), [], TODAY)


@pytest.mark.parametrize(
    ("answering", "why"),
    [
        (Answering(unknown="*"), "knows none of the packages"),
        (Answering(stdout="", stderr="x\nConnectionError: no route"), "ConnectionError: no route"),
        (Answering(stdout=""), "said nothing"),
        (Answering(stdout="[]"), "said nothing"),
    ],
)
def test_where_nobody_answers_it_is_skipped_and_says_so(
    answering: Answering, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], answering) == 0
    said = capsys.readouterr().out
    assert said.startswith("audit: SKIPPED")
    assert why in said
    assert main(["--required"], answering) == 1


def test_an_answer_that_does_not_come_is_waited_for_so_long(capsys: pytest.CaptureFixture[str]) -> None:
    def slow(arguments: Sequence[str], seconds: int) -> subprocess.CompletedProcess[str]:
        if "--dry-run" in arguments:
            return subprocess.CompletedProcess(arguments, 0, "", "")
        raise subprocess.TimeoutExpired("pip-audit", seconds)

    assert main([], slow) == 0
    assert "no answer within 20 s" in capsys.readouterr().out


def test_locks_that_cannot_be_read_are_no_silence(capsys: pytest.CaptureFixture[str]) -> None:
    answering = Answering(stderr="no such option")
    answering.dry = 2
    assert main([], answering) == 1
    assert "cannot read the locks: no such option" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (ENTRY.format(VICTIM.name, "2999-01-01", "not called here"), 0),
        (ENTRY.format(VICTIM.name, "2026-01-01", "not called here"), 1),
        (ENTRY.format(VICTIM.name, "2999-01-01", " "), 1),
        (ENTRY.format(VICTIM.name, '"2999-01-01"', "not called here"), 1),
        (ENTRY.format(VICTIM.name, "2999-01-01T00:00:00", "not called here"), 1),
        ('[[waived]]\nid = "CVE-1"\n', 1),
        ("[[waived", 1),
        ("", 1),
    ],
)
def test_waivers_are_read_from_their_file(tmp_path: Path, entry: str, status: int) -> None:
    file = tmp_path / "waivers.toml"
    file.write_text(entry, "utf-8")
    assert main([], Answering(VICTIM.name), file) == status


def test_the_repositorys_waivers_can_be_read_and_are_not_over() -> None:
    for one in waivers(module.WAIVERS):
        assert one.until >= date.today()  # noqa: DTZ011 (a day, as the file means it)


# ---- The real pip-audit, which asks an OSV service on this machine ----


@pytest.fixture
def osv() -> Iterator[HTTPServer]:
    """Knows one vulnerability."""
    advisory = {
        "id": "PYSEC-1",
        "aliases": ["CVE-1"],
        "summary": "bad",
        "affected": [
            {
                "package": {"name": VICTIM.name, "ecosystem": "PyPI"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
            }
        ],
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"vulns": [advisory]} if asked["package"]["name"] == VICTIM.name else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(not PIP_AUDIT.exists(), reason="make audit was not made yet: there is no .venv-audit")
def test_pip_audit_itself(osv: HTTPServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "locks", lambda: [LAYER / "requirements.txt"])
    where = ["--osv-url", f"http://127.0.0.1:{osv.server_port}/v1/query"]
    assert main(where) == 1
    assert f"{VICTIM.name} {VICTIM.version}: PYSEC-1 (mended in 99)" in capsys.readouterr().err
    osv.shutdown()
    osv.server_close()
    assert main(where) == 0
    assert "SKIPPED" in capsys.readouterr().out
