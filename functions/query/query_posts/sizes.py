"""How long listings are, by the archive's own counts: it decides which of several is read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from postkeep.counts import TOTALS_KEY, Totals
from postkeep.errors import ObjectMissing, ObjectTooLarge
from postkeep.ports import ObjectStore

_MOST_BYTES = 16 * 1024 * 1024
"""Of 50,000 real posts the counts have some 100 KB; more than this would take longer to read than it saves."""

_FRESH = timedelta(minutes=5)
"""As often as counts are brought up to date. Old ones only choose less well: a cursor says which listing it goes on with."""


@dataclass(slots=True)
class ListingSizes:
    """Tells how long listings are; reads the counts once in a while, when it is asked.

    Attributes:
        archive: the archive bucket.
        now: the clock (aware, UTC).
    """

    archive: ObjectStore
    now: Callable[[], datetime]
    _totals: Totals | None = field(default=None, init=False)
    _until: datetime | None = field(default=None, init=False)

    def __call__(self, kind: str, value: str) -> int | None:
        """How many live posts have a value; None where nothing was counted yet.

        Args:
            kind: see :data:`postkeep.counts.KINDS`.
            value: the author, the tag and so on.
        """
        now = self.now()
        if self._until is None or now >= self._until:
            self._totals, self._until = self._read(), now + _FRESH
        return self._totals.counts[kind][value] if self._totals else None

    def _read(self) -> Totals | None:
        try:
            return Totals.decode(self.archive.get(TOTALS_KEY, limit=_MOST_BYTES).body)
        except (ObjectMissing, ObjectTooLarge):
            return None
