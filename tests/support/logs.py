"""The functions' logs, as the tests read them."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from postkeep.observability import logger


class Lines(io.StringIO):
    """What the logger wrote."""

    def values(self, **wanted: object) -> list[dict[str, Any]]:
        """The lines that say this, in their order."""
        found = [json.loads(line) for line in self.getvalue().splitlines()]
        return [line for line in found if wanted.items() <= line.items()]


@contextmanager
def captured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Have the logger write here."""
    made = Lines()
    monkeypatch.setattr(logger.registered_handler, "stream", made)
    yield made
    logger.clear_state()
