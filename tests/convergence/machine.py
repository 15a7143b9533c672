"""The schedules: what the user does, which handler goes on and how far, and what becomes of its calls, drawn by hypothesis."""

from contextlib import ExitStack

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from convergence.actors import Fault
from convergence.world import CONTENTS, World, check, quickly

WHICH = st.integers(0, 7)
CALLS = st.one_of(st.none(), st.integers(1, 9), st.integers(1, 4))
"""How many calls a handler makes before it is left standing; None: all. Most mishaps need one that stands while others end."""

FAULT = st.sampled_from([Fault.NONE, *Fault, *list(Fault)[1:]])
"""What becomes of the last of these calls; a handler that lives through it is left standing."""


LATE = [0, 0, 1, 1, 2]
"""How many versions of the rules an instance may be behind that has not looked for new ones."""


class Machine(RuleBasedStateMachine):
    """The state machine; its end compares everything with a clean run."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.make()
        self._patches = ExitStack()
        for patch in quickly():
            self._patches.enter_context(patch)

    def make(self) -> World:
        """The world to begin with."""
        return World()

    @initialize(
        content=st.sampled_from(CONTENTS), life=st.sampled_from([20, 60, 600]), lagging=st.sampled_from([False, False, True])
    )
    def begin(self, content: bytes, life: int, *, lagging: bool) -> None:
        self.lagging = lagging
        self.world.life = self.world.behind = life
        self.world.put(content)

    @rule(content=st.sampled_from(CONTENTS))
    def put(self, content: bytes) -> None:
        self.world.put(content)

    @rule()
    def delete(self) -> None:
        self.world.delete()

    @rule(which=WHICH)
    def purge(self, which: int) -> None:
        self.world.purge(which)

    @rule(which=WHICH, calls=CALLS, fault=FAULT)
    def parse(self, which: int, calls: int | None, fault: Fault) -> None:
        self.world.run(self.world.deliver(which), calls, fault)

    @rule()
    def flow(self) -> None:
        self.world.flow()

    @rule(content=st.sampled_from(CONTENTS))
    def put_and_flow(self, content: bytes) -> None:
        self.world.put(content)
        self.world.flow()

    @rule(
        content=st.sampled_from(CONTENTS),
        calls=st.integers(1, 8),
        stage=st.sampled_from(["parse", "reconcile", "render", "thumbnail"]),
    )
    def put_and_leave_standing(self, content: bytes, calls: int, stage: str) -> None:
        """New content, of which one handler stands in the midst of its work."""
        world = self.world
        world.put(content)
        if stage == "reconcile":
            world.run(world.check(), calls)
            return
        world.run(world.deliver(len(world.events) - 1), calls if stage == "parse" else None)
        if stage != "parse":
            world.run(world.render(len(world.renders.sent) - 1), calls if stage == "render" else None)
        if stage == "thumbnail":
            world.run(world.thumbnail(0), calls)

    @rule(calls=CALLS, fault=FAULT)
    def reconcile(self, calls: int | None, fault: Fault) -> None:
        self.world.run(self.world.check(), calls, fault)

    @rule(which=WHICH, calls=CALLS, fault=FAULT, late=st.sampled_from(LATE))
    def render(self, which: int, calls: int | None, fault: Fault, late: int) -> None:
        # Where instances lag behind what is published, reconcile has its part; most schedules do without.
        self.world.run(self.world.render(which, late if self.lagging else 0), calls, fault)

    @rule()
    def publish(self) -> None:
        self.world.publish()

    @rule()
    def reprocess(self) -> None:
        self.world.reprocess()

    @rule(which=WHICH)
    def index(self, which: int) -> None:
        self.world.index(which)

    @rule(which=WHICH)
    def duplicate(self, which: int) -> None:
        self.world.duplicate(which)

    @rule(which=WHICH, calls=CALLS, fault=FAULT)
    def thumbnail(self, which: int, calls: int | None, fault: Fault) -> None:
        self.world.run(self.world.thumbnail(which), calls, fault)

    @rule(which=WHICH)
    def let_end(self, which: int) -> None:
        self.world.run(self.world.resume(which), None)

    @rule(which=WHICH, calls=CALLS, fault=FAULT)
    def resume(self, which: int, calls: int | None, fault: Fault) -> None:
        self.world.run(self.world.resume(which), calls, fault)

    @rule(which=WHICH)
    def kill(self, which: int) -> None:
        self.world.kill(which)

    @rule(calls=CALLS, fault=FAULT)
    def count(self, calls: int | None, fault: Fault) -> None:
        self.world.run(self.world.count(), calls, fault)

    @rule()
    def mirror(self) -> None:
        self.world.mirror()

    def teardown(self) -> None:
        try:
            self.world.drain()
            check(self.world)
        finally:
            self.world.close()
            self._patches.close()
