"""What is done for the index after a commit: merging where it is due, and sweeping now and then."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from postkeep.errors import Conflict, ObjectChanged
from search_posts.engines import Assembled
from search_posts.merging import Merging
from search_posts.store import IndexStore

EVERY = timedelta(days=1)
"""How often segments that nobody names are looked for: it takes a LIST."""


@dataclass(frozen=True, slots=True)
class Upkeep[Found: Assembled]:
    """The use case and what it works on.

    Attributes:
        store: the index.
        merging: of its segments.
        now: the clock (aware, UTC).
    """

    store: IndexStore
    merging: Merging[Found]
    now: Callable[[], datetime]

    def __call__(self, is_time: Callable[[], bool] = lambda: True) -> None:
        """Merge until nothing is due, and sweep if it was not done for a day.

        Args:
            is_time: whether another merge can be begun.

        Raises:
            ManifestInvalid: if the manifest cannot be read.
            ObjectMissing, SegmentInvalid: if a segment that the manifest names is gone or damaged.
        """
        try:
            while is_time() and self.merging():
                pass
        except Conflict:
            return  # the indexers that won look after the index too
        standing = self.store.standing()
        now = self.now()
        if standing.etag is None or (standing.manifest.swept and now - standing.manifest.swept < EVERY):
            return
        self.store.sweep(standing.manifest, now)
        try:
            self.store.swap(replace(standing.manifest, version=standing.manifest.version + 1, swept=now), standing)
        except ObjectChanged:
            return  # it is swept all the same, and again next time
