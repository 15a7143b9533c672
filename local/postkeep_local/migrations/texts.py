"""Texts that an earlier cleaning made are made anew."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from postkeep.upgrades import Progress
from postkeep_local.migrations.migration import Description, Step, Survey, Told
from postkeep_local.operations.reprocess import Reprocessing, Selection
from render_post.rendition import RULES, VERSIONS

EARLIER = Selection(rendered_before=RULES * VERSIONS)
"""Posts whose text another cleaning made, whatever rules are published, and those that have none yet."""

_QUIET = 3
"""How often in a row the queue must look idle: SQS's counts follow it by up to a minute, and are approximate."""

_ASK, _WAIT, _LOOK = "ask", "wait", "look"


@dataclass(frozen=True, slots=True)
class Texts:
    """The migration and what it works on.

    Attributes:
        reprocessing: asks for texts anew.
        idle: whether nothing of what was asked for waits or is being worked on.
        pause: waits a while.
    """

    reprocessing: Reprocessing
    idle: Callable[[], bool]
    pause: Callable[[], None]

    @property
    def description(self) -> Description:
        """See the protocol."""
        return Description(
            number=3,
            name="texts",
            changes=(
                "has texts made anew that another cleaning made: with HTML, what was removed, language and words, first picture, "
                "the archive's own pictures, and the form that pictures' items have now"
            ),
            why="such a text may lack HTML (`text-outdated`), its post a first picture, its pictures their further addresses",
            needed_by="archives from before `postkeep upgrade`",
            meanwhile="as `postkeep reprocess`: a text stays until the new one replaces it, and no older one replaces a newer",
            cost="$2: for each text what making it costs; it takes hours, since new posts go first",
        )

    def survey(self, told: Told) -> Survey:
        """See the protocol."""
        looked = due = 0
        for some in self._looking(""):
            looked += some.looked
            due += some.changed
            told(looked, f"{due:,} due")
        return Survey(looked, due)

    def steps(self, progress: Progress, told: Told) -> Iterator[Step]:
        """See the protocol.

        First texts are asked for, then they are waited for, then what is left is counted: a post whose file render cannot read.
        """
        phase, _, place = progress.position.partition(":")
        asked = progress.changed
        if phase in {"", _ASK}:
            for some in self.reprocessing(EARLIER, after=place):
                asked += len(some.keys)
                yield Step(position=f"{_ASK}:{some.position}", looked=some.looked, changed=len(some.keys), keys=some.keys)
            phase, place = _WAIT, ""
            yield Step(position=_WAIT)
        if asked and phase == _WAIT:
            yield from self._wait(told)
        if asked:
            for step in self._looking(place if phase == _LOOK else ""):
                yield Step(position=f"{_LOOK}:{step.position}", left=step.changed, keys=step.keys)

    def _wait(self, told: Told) -> Iterator[Step]:
        quiet = 0
        while quiet < _QUIET:
            quiet = quiet + 1 if self.idle() else 0
            told(0, "waiting for texts")
            if quiet < _QUIET:
                yield Step(position=_WAIT, waiting=True)
                self.pause()

    def _looking(self, after: str) -> Iterator[Step]:
        for some in replace(self.reprocessing, dry_run=True)(EARLIER, after=after):
            yield Step(position=some.position, looked=some.looked, changed=len(some.keys), keys=some.keys)
