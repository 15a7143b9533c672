"""What comes over the wire and is no HTTP, is odd HTTP, or is HTTP that carries no picture."""

import gzip
import zlib
from collections.abc import Iterable, Sequence

import pytest

from make_thumbnail.fetch import Fetcher, Limits
from postkeep.errors import PictureRefused, PictureUnavailable
from unit.thumbnail.picture_host import PictureHost, a_fetcher, answer

NAME = "pictures.example"
LIMITS = Limits(content=1_000, answer=400_000, connect=10.0, read=10.0, total=60.0)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH_9 = OK + b"Content-Length: 9\r\n\r\n"


def fetcher(host: PictureHost) -> Fetcher:
    return a_fetcher({NAME: host.origin}, limits=LIMITS)


def deflated(content: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(content) + packer.flush()


def rows(cases: Iterable[tuple[object, ...]]) -> list[object]:
    return [pytest.param(*values, id=str(name)) for name, *values in cases]


NO_HTTP: Sequence[tuple[str, bytes]] = [
    ("nothing", b""),
    ("line ends", b"\r\n\r\n"),
    ("HTTP/0.9", b"\xff\xd8\xff\xe0 a picture and nothing else"),
    ("HTTP/0.9 with text", b"<html>hello</html>\r\n\r\n"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("frames of HTTP/2", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80"),
    ("HTTP/1.1 without a status", b"HTTP/1.1\r\n\r\n"),
    ("a status of letters", b"HTTP/1.1 2OO OK\r\n\r\n"),
    ("a status of two digits", b"HTTP/1.1 20 OK\r\n\r\n"),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\n\r\n"),
    ("a negative status", b"HTTP/1.1 -200 OK\r\n\r\n"),
    ("a status of nought", b"HTTP/1.1 000 OK\r\n\r\n"),
    ("no version", b"HTTP 200 OK\r\n\r\n"),
    ("ICY", b"ICY 200 OK\r\n\r\n"),
    ("SSH", b"SSH-2.0-OpenSSH_9.9\r\n"),
    ("SMTP", b"220 mail.example ESMTP\r\n"),
    ("Redis", b"-ERR wrong number of arguments for 'get' command\r\n"),
    ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x46"),
    ("a request", b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
    ("a protocol that was not asked for", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    ("only an interim answer", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ("NUL in a name", OK + b"X\x00: x\r\n\r\n"),
    ("NUL in a value", OK + b"X: \x00\r\n\r\n"),
    ("no colon", OK + b"X\r\n\r\n"),
    ("no name", OK + b": x\r\n\r\n"),
    ("a space in a name", OK + b"Content Length: 1\r\n\r\nx"),
    ("a space before a colon", OK + b"Content-Length : 1\r\n\r\nx"),
    ("a folded first field", OK + b" X: x\r\n\r\n"),
    ("a head of 200 KB", OK + b"X: " + b"x" * 200_000 + b"\r\n\r\n"),
    ("40,000 fields", OK + b"X: x\r\n" * 40_000 + b"\r\n"),
    ("a length that is negative", OK + b"Content-Length: -1\r\n\r\n"),
    ("a length with a sign", OK + b"Content-Length: +1\r\n\r\nx"),
    ("a length with a fraction", OK + b"Content-Length: 1.0\r\n\r\nx"),
    ("a length in hexadecimal", OK + b"Content-Length: 0x1\r\n\r\nx"),
    ("a length in words", OK + b"Content-Length: one\r\n\r\nx"),
    ("a length of nothing", OK + b"Content-Length: \r\n\r\nx"),
    ("a length with a space", OK + b"Content-Length: 1 1\r\n\r\nx"),
    ("a length in other digits", OK + "Content-Length: ١\r\n\r\nx".encode()),
    ("a length of 5,000 digits", OK + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n"),
    ("two lengths", OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    ("two lengths in a field", OK + b"Content-Length: 1, 2\r\n\r\nxx"),
    ("an encoding that is not known", OK + b"Transfer-Encoding: gzip\r\n\r\nx"),
    ("two encodings", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("chunked twice", OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a length that is too great", LENGTH_9 + b"short"),
    ("a length and no body", LENGTH_9),
    ("no chunk", CHUNKED),
    ("no last chunk", CHUNKED + b"5\r\nshort\r\n"),
    ("no end of the last chunk", CHUNKED + b"5\r\nshort\r\n0\r\n"),
    ("a chunk that is too short", CHUNKED + b"9\r\nshort"),
    ("a chunk that is too long", CHUNKED + b"1\r\nshort\r\n0\r\n\r\n"),
    ("a chunk without a size", CHUNKED + b"\r\nx\r\n0\r\n\r\n"),
    ("a chunk of letters", CHUNKED + b"not a length\r\n"),
    ("a chunk of a negative size", CHUNKED + b"-1\r\nx\r\n0\r\n\r\n"),
    ("a chunk with a sign", CHUNKED + b"+1\r\nx\r\n0\r\n\r\n"),
    ("a chunk with a prefix", CHUNKED + b"0x1\r\nx\r\n0\r\n\r\n"),
    ("a chunk of 2^84 bytes", CHUNKED + b"1" + b"0" * 21 + b"\r\nx"),
    ("chunks that are none", CHUNKED + b"\xff\xd8a picture"),
    ("a trailer that is none", CHUNKED + b"0\r\nno colon\r\n\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("said", rows(NO_HTTP))
def test_what_is_no_http_may_be_better_another_time(host: PictureHost, said: bytes) -> None:
    host.scripts["/a"] = said
    with pytest.raises(PictureUnavailable) as unavailable:
        fetcher(host).fetch(f"http://{NAME}/a")
    assert unavailable.value.reason == "protocol-error"
    assert len(host.requests) == 1


GOOD: Sequence[tuple[str, bytes, bytes]] = [
    ("a length", LENGTH_9 + b"picture\r\n", b"picture\r\n"),
    ("a length that is too small", OK + b"Content-Length: 4\r\n\r\npicture", b"pict"),
    ("a length of nought", OK + b"Content-Length: 0\r\n\r\npicture", b""),
    ("a length told twice", OK + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\npict", b"pict"),
    ("a length with zeros", OK + b"Content-Length: 0004\r\n\r\npict", b"pict"),
    ("no length", OK + b"\r\npicture", b"picture"),
    ("nothing", OK + b"\r\n", b""),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\npicture", b"picture"),
    ("no reason", b"HTTP/1.1 200\r\n\r\npicture", b"picture"),
    ("bare line feeds", b"HTTP/1.1 200 OK\nContent-Length: 7\n\npicture", b"picture"),
    ("interim answers", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n" + OK + b"\r\nx", b"x"),
    ("chunks", CHUNKED + b"4\r\npict\r\n3;x=y\r\nure\r\n0\r\nX: x\r\n\r\n", b"picture"),
    ("chunks and a length", OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npicture\r\n0\r\n\r\n", b"picture"),
    ("two answers", OK + b"Content-Length: 4\r\n\r\npict" + OK + b"\r\nanother", b"pict"),
    ("as many bytes as may be", OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 1_000, b"x" * 1_000),
    ("as many bytes as may be, without a length", OK + b"\r\n" + b"x" * 1_000, b"x" * 1_000),
    ("a folded field", OK + b"X: x\r\n y\r\n\r\npicture", b"picture"),
    ("bytes in a field", OK + b"X: \xff\xfe\r\n\r\npicture", b"picture"),
    ("identity", answer(b"picture", Content_Encoding="identity"), b"picture"),
    ("no coding", answer(b"picture", Content_Encoding=""), b"picture"),
    ("gzip", answer(gzip.compress(b"picture"), Content_Encoding="gzip"), b"picture"),
    ("gzip in capitals", answer(gzip.compress(b"picture"), Content_Encoding=" GZIP "), b"picture"),
    ("gzip by its old name", answer(gzip.compress(b"picture"), Content_Encoding="x-gzip"), b"picture"),
    ("gzip in gzip, told once", answer(gzip.compress(inner := gzip.compress(b"x")), Content_Encoding="gzip"), inner),
    ("gzip with something behind it", answer(gzip.compress(b"picture") + b"\0" * 99, Content_Encoding="gzip"), b"picture"),
    ("gzip twice in a row", answer(gzip.compress(b"pict") + gzip.compress(b"ure"), Content_Encoding="gzip"), b"pict"),
    ("gzip that is not told", answer(inner, Content_Type="image/png"), inner),
    ("gzip of as many bytes as may be", answer(gzip.compress(b"x" * 1_000), Content_Encoding="gzip"), b"x" * 1_000),
]  # fmt: skip


@pytest.mark.parametrize(("said", "content"), rows(GOOD))
def test_what_is_odd_and_still_a_picture(host: PictureHost, said: bytes, content: bytes) -> None:
    host.scripts["/a"] = said
    assert fetcher(host).fetch(f"http://{NAME}/a").content == content


REFUSED: Sequence[tuple[str, bytes, str]] = [
    ("a byte too many is stated", OK + b"Content-Length: 1001\r\n\r\n", "too-large"),
    ("a byte too many comes", OK + b"\r\n" + b"x" * 1_001, "too-large"),
    ("a byte too many unfolds", answer(gzip.compress(b"x" * 1_001), Content_Encoding="gzip"), "too-large"),
    ("a bomb", answer(gzip.compress(bytes(900_000)), Content_Encoding="gzip"), "too-large"),
    ("no gzip", answer(b"\xff\xd8picture", Content_Encoding="gzip"), "corrupt"),
    ("zlib called gzip", answer(zlib.compress(b"picture"), Content_Encoding="gzip"), "corrupt"),
    ("gzip with a wrong sum", answer(gzip.compress(b"picture")[:-8] + bytes(8), Content_Encoding="gzip"), "corrupt"),
    ("deflate", answer(zlib.compress(b"picture"), Content_Encoding="deflate"), "unsupported-encoding"),
    ("raw deflate", answer(deflated(b"picture", -15), Content_Encoding="deflate"), "unsupported-encoding"),
    ("brotli", answer(b"x", Content_Encoding="br"), "unsupported-encoding"),
    ("zstd", answer(b"x", Content_Encoding="zstd"), "unsupported-encoding"),
    ("compress", answer(b"x", Content_Encoding="compress"), "unsupported-encoding"),
    ("a coding of 500 letters", answer(b"x", Content_Encoding="x" * 500), "unsupported-encoding"),
    ("a coding that is no text", OK + b"Content-Encoding: \xff\xfe\r\n\r\nx", "unsupported-encoding"),
    ("gzip in gzip", answer(gzip.compress(gzip.compress(b"x")), Content_Encoding="gzip, gzip"), "unsupported-encoding"),
    ("gzip in gzip in two fields", OK + b"Content-Encoding: gzip\r\n" * 2 + b"\r\nx", "unsupported-encoding"),
    ("gzip behind identity", OK + b"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n\r\nx", "unsupported-encoding"),
    ("gzip a hundred times", answer(b"x", Content_Encoding=", ".join(["gzip"] * 100)), "unsupported-encoding"),
    ("no content", b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\npicture", "unexpected-status"),
    ("a part", answer(b"pict", "206 Partial Content", Content_Range="bytes 0-3/7"), "unexpected-status"),
    ("not modified", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", "unexpected-status"),
    ("a redirect without a location", answer(status="302 Found"), "unexpected-status"),
    ("a redirect to nowhere", answer(status="302 Found", Location=""), "unexpected-status"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "reason"), rows(REFUSED))
def test_what_will_not_get_better(host: PictureHost, said: bytes, reason: str) -> None:
    host.scripts["/a"] = said
    with pytest.raises(PictureRefused) as refused:
        fetcher(host).fetch(f"http://{NAME}/a")
    assert refused.value.reason == reason


@pytest.mark.parametrize("cut", [1, 9, 12, 20])
def test_gzip_that_ends_early_may_come_whole(host: PictureHost, cut: int) -> None:
    host.scripts["/a"] = answer(gzip.compress(b"picture")[:-cut], Content_Encoding="gzip")
    with pytest.raises(PictureUnavailable) as unavailable:
        fetcher(host).fetch(f"http://{NAME}/a")
    assert unavailable.value.reason == "incomplete"


def test_a_bomb_does_not_unfold(host: PictureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(bytes(500_000))
    assert len(bomb) < 1_000
    unfolded: list[int] = []

    class Inflater:
        eof = False

        def __init__(self, wbits: int) -> None:
            self.inflater = real(wbits)

        def decompress(self, data: bytes, limit: int) -> bytes:
            unfolded.append(len(part := self.inflater.decompress(data, limit)))
            return part

    real = zlib.decompressobj
    monkeypatch.setattr(zlib, "decompressobj", Inflater)
    host.scripts["/a"] = answer(bomb, Content_Encoding="gzip")
    with pytest.raises(PictureRefused) as refused:
        fetcher(host).fetch(f"http://{NAME}/a")
    assert refused.value.reason == "too-large"
    assert sum(unfolded) <= 1_001
