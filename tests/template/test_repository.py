"""The repository's own promises: what is locked, what is shipped, and which commands the documents name."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from support.template import ROOT

DEVELOPMENT = ROOT / "local" / "requirements.txt"
LAYER = ROOT / "layers" / "postkeep"
PACKAGES = sorted(path.parent.parent for path in ROOT.glob("functions/*/*/handler.py"))
FUNCTIONS = [folder for folder in PACKAGES if (folder / "requirements.in").exists()]
"""Those that need something beside the layer: reconcile does not."""

LOCKS = sorted(
    [
        *ROOT.glob("local/requirements*.txt"),
        *ROOT.glob("bench/requirements*.txt"),
        *(folder / "requirements.txt" for folder in [LAYER, *FUNCTIONS]),
    ]
)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*.yml")])
OWN = {
    "postkeep",
    "parse_post",
    "render_post",
    "make_thumbnail",
    "query_posts",
    "count_posts",
    "reconcile_posts",
    "retry_pictures",
    "search_posts",
}
RUNTIME = {"boto3", "botocore"}
"""Lambda's own runtime brings these."""

BROUGHT = {"msgspec", "python-frontmatter", "pyyaml"}
"""postkeep.web, postkeep.postfile and postkeep.frontmatter need them and serve functions alone that bring them: native code would
tie the layer to one architecture. tests/sam/test_packages.py imports each handler from what is packed."""

_PIN = re.compile(
    r"""^ ([a-z0-9][a-z0-9.-]*) == ([^\s;]+) (?:\ ;[^\\]*)? \ \\\n  # name, version, marker
        (?:\ +--hash=sha256:[0-9a-f]{64} (?:\ \\)? \n)+""",
    re.MULTILINE | re.VERBOSE,
)
_COMMENT = re.compile(r"^ *#.*\n", re.MULTILINE)


def named(lock: Path) -> str:
    return str(lock.relative_to(ROOT))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: Path) -> dict[str, str]:
    """The versions that a lock holds."""
    return {match[1]: match[2] for match in _PIN.finditer(lock.read_text("utf-8"))}


def wanted(requirements: Path) -> set[str]:
    """The packages that a requirements.in names itself."""
    if not requirements.exists():
        return set()
    lines = requirements.read_text("utf-8").splitlines()
    return {normal(re.split(r"[\[<>=!~ ;]", line, maxsplit=1)[0]) for line in lines if line and not line.startswith(("#", "-"))}


def imports(folder: Path) -> set[str]:
    """The top-level modules that a folder's code imports, but for types and the standard library."""
    found = set()
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        typing_only = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if node in typing_only:
                continue
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - OWN


@pytest.mark.parametrize("lock", LOCKS, ids=named)
def test_a_lock_pins_every_package_with_hashes_and_names_no_index(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert pins(lock)
    assert _COMMENT.sub("", _PIN.sub("", _COMMENT.sub("", text))).strip() == "", "something is there that is no pin with hashes"
    assert "://" not in text
    assert "index" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=named)
def test_a_lock_holds_what_its_requirements_name(lock: Path) -> None:
    names = wanted(lock.with_suffix(".in"))
    assert names
    assert names <= pins(lock).keys()


@pytest.mark.parametrize("folder", [LAYER, *FUNCTIONS], ids=named)
def test_what_is_shipped_is_what_is_tested(folder: Path) -> None:
    development = pins(DEVELOPMENT)
    shipped = pins(folder / "requirements.txt")
    assert shipped == {name: development.get(name) for name in shipped}
    assert not RUNTIME & shipped.keys()


@pytest.mark.parametrize("folder", [LAYER, *PACKAGES], ids=named)
def test_what_is_imported_is_shipped(folder: Path) -> None:
    distributions = packages_distributions()
    available = wanted(folder / "requirements.in") | wanted(LAYER / "requirements.in") | RUNTIME
    if folder == LAYER:
        available |= BROUGHT
    missing = {module for module in imports(folder) if not {normal(name) for name in distributions.get(module, [])} & available}
    assert not missing, f"{named(folder)}/requirements.in must name what brings {missing}"


def makefile() -> dict[str, list[str]]:
    """The Makefile's targets and what each needs first."""
    text = (ROOT / "Makefile").read_text("utf-8")
    return {match[1]: match[2].split() for match in re.finditer(r"^([a-z][a-z-]*):([^=#\n]*)(?:##.*)?$", text, re.MULTILINE)}


def test_check_holds_the_locks_to_their_requirements() -> None:
    assert set(makefile()["check"]) == {"lint", "types", "template", "locks"}


def test_ci_runs_the_tests_the_checks_and_the_containers_in_this_order() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert re.findall(r"^make (\S+)(?: MINUTES=3)?$", script, re.MULTILINE) == [
        "test",
        "check",
        "audit",
        "sbom",
        "fuzz",
        "test-contract",
        "soak",
        "test-sam",
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_the_make_targets_that_a_document_names_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    code = re.findall(r"`([^`\n]+)`|^\s*(?:\$ |- run: )?(make [^#\n]*)", text, re.MULTILINE)
    targets = {target for inline, line in code for target in re.findall(r"^make ([a-z][a-z-]*)", inline or line)}
    assert targets <= makefile().keys() | {"sure"}
