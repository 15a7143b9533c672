"""Which of very many names were seen."""

from array import array
from bisect import bisect_left
from hashlib import blake2b

_BYTES = 8
"""Of a name's hash: two of a million names share one with a probability of 1 in 37 million; a finding is then missed."""


class Names:
    """A set of names that is first filled and then asked, in eight bytes a name (some forty while it is first sorted)."""

    def __init__(self, encoded: bytes = b"", count: int = 0) -> None:
        """Begin empty, or go on with the first ``count`` of those that :meth:`encode` gave."""
        self._hashes = array("Q", encoded[: count * _BYTES])
        self._sorted = False

    def __len__(self) -> int:
        """How many names were added."""
        return len(self._hashes)

    def add(self, name: str) -> None:
        """Add a name; none can be added any more once the set was asked."""
        if self._sorted:
            raise RuntimeError("the names are sorted already")
        self._hashes.append(_hash(name))

    def __contains__(self, name: str) -> bool:
        """Whether a name was added."""
        if not self._sorted:
            self._hashes = array("Q", sorted(self._hashes))
            self._sorted = True
        wanted = _hash(name)
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted

    def encode(self) -> bytes:
        """The names as bytes, in the order in which they were added as long as none was asked for."""
        return self._hashes.tobytes()


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest())
