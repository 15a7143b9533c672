"""The form of an input: a few lines of text, and the bytes behind them. Whoever reads a corpus can read most of it."""


def as_text(data: bytes) -> str:
    """Bytes as a text that JSON may carry: what is no UTF-8 stands as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def lines(data: bytes, count: int) -> tuple[list[str], bytes]:
    """The first lines, as text that is UTF-8, and what follows them; lines that are not there are empty."""
    parts = data.split(b"\n", count)
    parts += [b""] * (count + 1 - len(parts))
    return [part.decode("utf-8", "replace") for part in parts[:count]], parts[count]
