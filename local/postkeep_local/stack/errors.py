"""What can go wrong with the local stack itself."""

from postkeep.errors import PostkeepError


class StackFailed(PostkeepError):
    """The local stack could not be brought up, or ended by itself.

    Attributes:
        detail: the end of the log that tells why, or "".
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}\n{detail}" if detail else reason)
        self.detail = detail


class Busy(PostkeepError):
    """No worker of a function became free in time."""

    def __init__(self, function: str, waited: float) -> None:
        super().__init__(f"{function}: no worker became free within {waited:g} s")
        self.function = function
