import io

from rich.console import Console

from postkeep_local.meter import meter


def lines(total: int, steps: int) -> list[str]:
    file = io.StringIO()
    with meter(Console(file=file, width=100), "Posts") as shown:
        shown.start(total)
        for _ in range(steps):
            shown.advance()
    return file.getvalue().splitlines()


def test_off_a_terminal_there_is_a_line_for_every_tenth() -> None:
    assert lines(20, 20) == [f"Posts: {n} of 20" for n in range(2, 21, 2)]
    assert len(lines(5000, 5000)) == 10


def test_few_have_a_line_each_and_none_have_no_line() -> None:
    assert lines(3, 3) == ["Posts: 1 of 3", "Posts: 2 of 3", "Posts: 3 of 3"]
    assert lines(0, 0) == []


def test_a_state_that_comes_again_is_not_written_again() -> None:
    file = io.StringIO()
    with meter(Console(file=file, width=100), "Posts") as shown:
        shown.start(2)
        for done in (0, 1, 1, 1, 2, 2):
            shown.set(done, "[now]")
    assert file.getvalue().splitlines() == ["Posts: 1 of 2 [now]", "Posts: 2 of 2 [now]"]


def test_on_a_terminal_there_is_a_bar() -> None:
    file = io.StringIO()
    with meter(Console(file=file, width=100, force_terminal=True), "Posts") as shown:
        shown.start(4)
        shown.set(3, "(all well)")
    assert "3/4" in file.getvalue()
    assert "(all well)" in file.getvalue()
