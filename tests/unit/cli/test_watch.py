from collections.abc import Sequence

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.post import PictureStatus
from postkeep_local.watch import PostState, Standing, Watch
from unit.cli.api import FakeApi, FakePost, picture


class Clock:
    """Time that passes only in sleep."""

    def __init__(self, api: FakeApi) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._api = api
        api.next_round()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 1
        self.slept.append(seconds)
        self.now += seconds
        self._api.next_round()


def watch(api: FakeApi, keys: Sequence[str], patience: float = 5) -> tuple[list[PostState], list[Standing], Clock]:
    clock = Clock(api)
    told: list[Standing] = []
    states = Watch(api.client(), patience, clock, clock.sleep)(keys, told.append)
    return states, told, clock


def test_it_waits_until_text_and_pictures_are_settled() -> None:
    api = FakeApi(
        [
            FakePost("a.md", [("", []), ("pending", []), ("ready", [])]),
            FakePost("b.md", [("pending", []), ("rejected", [])], reason="front-matter-invalid"),
            FakePost(
                "c.md",
                [
                    ("ready", [picture("pending"), picture("pending")]),
                    ("ready", [picture("pending"), picture("failed")]),
                    ("ready", [picture("pending"), picture("failed")]),
                    ("ready", [picture("ready", thumbnails=2), picture("failed")]),
                ],
            ),
        ]
    )
    states, told, clock = watch(api, ["a.md", "b.md", "c.md"])
    assert [state.key for state in states] == ["a.md", "b.md", "c.md"]
    assert all(state.final for state in states)
    assert (states[0].characters, states[1].reason, states[2].thumbnails) == (42, "front-matter-invalid", 2)
    assert states[1].detail == "because of front-matter-invalid"
    assert told == [
        Standing(posts=3, known=2, texts=1, final=0, pictures=0),
        Standing(posts=3, known=3, texts=2, final=1, pictures=1),
        Standing(posts=3, known=3, texts=3, final=2, pictures=1),
        Standing(posts=3, known=3, texts=3, final=3, pictures=2),
    ]
    assert len(clock.slept) == 3


def test_posts_that_nobody_waits_for_do_not_count() -> None:
    api = FakeApi([FakePost("other.md", [("pending", [])]), FakePost("a.md", [("ready", [])])])
    states, _, _ = watch(api, ["a.md"])
    assert [state.key for state in states] == ["a.md"]


def test_nothing_to_wait_for_is_done_at_once() -> None:
    states, told, clock = watch(FakeApi([]), [])
    assert (states, clock.slept) == ([], [])
    assert told == [Standing(0, 0, 0, 0, 0)]


def test_all_pages_of_the_listings_are_read() -> None:
    api = FakeApi(
        [FakePost(f"{n}.md", [("ready" if n % 3 else "rejected", [])]) for n in range(20)],
        page=4,
    )
    states, _, _ = watch(api, [f"{n}.md" for n in range(20)])
    assert all(state.final for state in states)
    assert api.asked.count("/posts") == 6


def test_it_gives_up_when_nothing_changes_for_as_long_as_its_patience() -> None:
    api = FakeApi([FakePost("a.md", [("ready", [])]), FakePost("b.md", [*[("", [])] * 4, ("pending", [])])])
    states, _, clock = watch(api, ["a.md", "b.md", "never.md"], patience=7)
    assert [state.final for state in states] == [True, False, False]
    assert [state.status for state in states] == ["ready", "pending", ""]
    # Until the fourth second b.md moves; from then on it is patient for seven more.
    assert 11 <= clock.now <= 13


def test_a_busy_stack_is_asked_again() -> None:
    api = FakeApi(
        [FakePost("a.md", [("ready", [picture("ready")])])], failing={0: httpx.ConnectError("no"), 1: 503, 2: 429, 3: 404}
    )
    states, _, clock = watch(api, ["a.md"])
    assert states[0].final
    assert len(clock.slept) == 4


def test_a_stack_that_is_gone_is_given_up() -> None:
    api = FakeApi([FakePost("a.md", [("ready", [])])], failing=dict.fromkeys(range(50), httpx.ConnectError("no")))
    states, _, clock = watch(api, ["a.md"], patience=5)
    assert not states[0].final
    assert clock.now < 10


def test_a_question_that_the_api_refuses_is_a_fault() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        watch(FakeApi([FakePost("a.md", [("ready", [])])], failing={0: 400}), ["a.md"])


def test_long_rounds_are_followed_by_long_pauses() -> None:
    api = FakeApi([FakePost("a.md", [("pending", []), ("ready", [])])])
    clock = Clock(api)

    def slow() -> float:
        clock.now += 1
        return clock.now

    Watch(api.client(), 100, slow, clock.sleep)(["a.md"], lambda _: None)
    assert clock.slept[0] > 1


@pytest.mark.parametrize("status", ["ready", "failed", "waiting", "skipped"])
def test_a_picture_that_was_tried_holds_nothing_up(status: str) -> None:
    assert PostState("a.md", "ready", expected=1, pictures=(picture(status),)).final


@pytest.mark.parametrize(
    "state",
    [
        PostState("a.md"),
        PostState("a.md", "pending"),
        PostState("a.md", "deleted"),
        PostState("a.md", "ready", expected=1),
        PostState("a.md", "ready", expected=1, pictures=(picture("pending"),)),
    ],
)
def test_what_may_still_change_is_not_final(state: PostState) -> None:
    assert not state.final


@given(st.lists(st.sampled_from(list(PictureStatus))))
def test_pictures_are_counted_by_state(statuses: list[PictureStatus]) -> None:
    state = PostState("a.md", "ready", expected=len(statuses), pictures=tuple(picture(s.value) for s in statuses))
    assert sum(state.count(status) for status in PictureStatus) == len(statuses)
    assert state.final == (PictureStatus.PENDING not in statuses)
