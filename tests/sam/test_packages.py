"""What `sam build` packs is what Lambda needs, and no more."""

import platform
import struct
import subprocess
from pathlib import Path

import pytest

from sam.cli import ARCHITECTURE, BUILD, ELF_MACHINES
from support.template import ROOT

FUNCTIONS = {
    "ParseFunction": ("parse_post", {"yaml"}, 6),
    "RenderFunction": ("render_post", {"html2text", "selectolax", "markdown_it", "gcld3"}, 18),
    "ThumbnailFunction": ("make_thumbnail", {"pyvips", "httpcore"}, 32),
    "QueryFunction": ("query_posts", {"feedgenerator", "msgspec", "yaml"}, 15),
    "CountFunction": ("count_posts", set[str](), 1),
    "ReconcileFunction": ("reconcile_posts", set[str](), 1),
    "RetryFunction": ("retry_pictures", set[str](), 1),
    "IndexFunction": ("search_posts", {"tantivy"}, 20),
    "SearchFunction": ("search_posts", {"msgspec", "tantivy"}, 20),
}
"""Each function's package, what it needs at least, and its budget (MB, unpacked)."""

LAYER_BUDGET = 8
MB = 1_000_000
OTHERS = {"boto3", "botocore", "awslambdaric", "pytest", "moto", "ministack", "hypothesis", "mypy", "setuptools", "pip", "tests"}

pytestmark = pytest.mark.usefixtures("build")


def names(folder: Path) -> set[str]:
    return {path.name.removesuffix(".py") for path in folder.iterdir()}


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_holds_its_handler_and_what_that_needs(function: str) -> None:
    package, needed, budget = FUNCTIONS[function]
    folder = BUILD / function
    assert (folder / package / "handler.py").is_file()
    assert needed <= names(folder)
    assert size(folder) < budget * MB


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_holds_nothing_else(function: str) -> None:
    package, _, _ = FUNCTIONS[function]
    found = names(BUILD / function)
    assert not found & OTHERS
    assert not found & ({own for own, _, _ in FUNCTIONS.values()} - {package})
    assert not found & {"postkeep", "aws_lambda_powertools"}, "the layer brings these"
    assert ("pyvips" in found) == (function == "ThumbnailFunction")


def test_the_layer_holds_the_package_and_powertools() -> None:
    python = BUILD / "PostkeepLayer" / "python"
    assert {path.name for path in (BUILD / "PostkeepLayer").iterdir()} == {"python"}
    assert {"postkeep", "aws_lambda_powertools"} <= names(python)
    assert not names(python) & OTHERS, "boto3 comes with Lambda's runtime: a second botocore beside it breaks one of the two"
    assert (python / "postkeep" / "aws" / "dynamodb.py").is_file()
    assert size(python) < LAYER_BUDGET * MB


def test_the_layer_serves_both_architectures() -> None:
    assert not list((BUILD / "PostkeepLayer").rglob("*.so"))


def test_no_bytecode_is_packed() -> None:
    # It would be stale, or this machine's.
    assert not [path for path in BUILD.rglob("*.pyc") if "__pycache__" not in path.parts]
    assert not list((BUILD / "PostkeepLayer" / "python" / "postkeep").rglob("requirements*"))


def test_native_modules_are_for_this_machine() -> None:
    libraries = list(BUILD.rglob("*.so"))
    assert libraries
    for library in libraries:
        (machine,) = struct.unpack_from("<H", library.read_bytes(), 18)
        assert machine == ELF_MACHINES[ARCHITECTURE], library


@pytest.mark.skipif(platform.system() != "Linux", reason="the packages hold native modules for Linux")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_imports_with_nothing_but_its_package_the_layer_and_the_runtime(function: str) -> None:
    if not (ROOT / ".venv-runtime" / "ready").exists():
        pytest.skip("Lambda's runtime client is not installed here: make test")
    path = [BUILD / function, BUILD / "PostkeepLayer" / "python", ROOT / ".venv-runtime"]
    program = (
        f"import sys; sys.path[:0] = {[str(folder) for folder in path]!r}; sys.dont_write_bytecode = True; "
        f"from {FUNCTIONS[function][0]}.handler import handler; print(callable(handler))"
    )
    python = (ROOT / ".venv" / "bin" / "python").resolve()
    done = subprocess.run(
        [python, "-I", "-S", "-c", program],
        env={"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "Postkeep", "POWERTOOLS_SERVICE_NAME": "test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
