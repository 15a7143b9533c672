"""Many schedules of a state machine, drawn by hypothesis: how many, and that enough went wrong in them."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

PATIENT = pytest.mark.timeout(36_000 if "POSTKEEP_SCHEDULES" in os.environ else 900)
"""For tests that draw: `make schedules` draws for hours."""


def draw(
    machine: Any, what: str, capsys: pytest.CaptureFixture[str], *, schedules: int, steps: int, fates: Sequence[str]
) -> None:
    """Run schedules, say what became of their calls, and hold that each fate was met often.

    Args:
        machine: the state machine's class, with a ``world`` that counts ``faults``.
        what: of which schedules the line tells.
        capsys: pytest's, which the line goes past.
        schedules: how many, unless the environment's ``POSTKEEP_SCHEDULES`` says otherwise.
        steps: of each, at most.
        fates: what must have become of calls in more than a tenth of the schedules.
    """
    schedules = int(os.environ.get("POSTKEEP_SCHEDULES", str(schedules)))
    met: Counter[str] = Counter()

    class Counting(machine):  # type: ignore[misc]
        def teardown(self) -> None:
            super().teardown()
            met.update(self.world.faults)
            met["schedules"] += 1

    run_state_machine_as_test(
        Counting,
        settings=settings(
            max_examples=schedules, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{what} and the fates of their calls: {dict(sorted(met.items()))}\n")
    assert met["schedules"] >= schedules
    for fate in fates:
        assert met[fate] > schedules / 10, f"hardly any call was {fate}"
