"""What the tests need that bring the whole product up on the local stack."""

import pytest

from postkeep_local.stack import control
from support.template import ROOT

_MISSING = [
    str(path) for path in (control.BUILD / "template.yaml", control.RUNTIME / "awslambdaric") if not (ROOT / path).exists()
]

needs_build = pytest.mark.skipif(
    bool(_MISSING), reason=f"{', '.join(_MISSING)} missing: `make build .venv-runtime/ready` makes them"
)
