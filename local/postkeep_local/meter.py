"""Progress: bars on a terminal, a line now and then elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_LINES = 10
"""Off a terminal a line is written for every tenth of the way."""


class Meter:
    """One task's progress.

    Made by :func:`meter`; ``done`` and ``total`` are counts of whatever the task counts.
    """

    def __init__(self, console: Console, name: str, bars: Progress | None) -> None:
        self._console = console
        self._name = name
        self._bars = bars
        self._task: TaskID | None = bars.add_task(name, total=None) if bars else None
        self._total = 0
        self._done = 0
        self._shown = 0

    def start(self, total: int) -> None:
        """Say how much there is to do."""
        self._total = total
        self.set(0)

    def advance(self) -> None:
        """Count one more."""
        self.set(self._done + 1)

    def set(self, done: int, note: str = "") -> None:
        """Say how much is done, and a few words about it."""
        self._done = done
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, total=self._total, description=f"{self._name} {note}".rstrip())
        elif self._total and (tenths := done * _LINES // self._total) > self._shown:
            self._shown = tenths
            self._console.print(f"{self._name}: {done} of {self._total} {note}".rstrip(), markup=False, highlight=False)


@contextmanager
def meter(console: Console, name: str) -> Iterator[Meter]:
    """Show the progress of one task while the context lasts."""
    if not console.is_terminal:
        yield Meter(console, name, None)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:
        yield Meter(console, name, bars)
