import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_thumbnail.target import Target
from postkeep.errors import PictureRefused


@pytest.mark.parametrize(
    ("address", "understood"),
    [
        ("https://Pictures.Example/a.jpg", "https://pictures.example/a.jpg"),
        ("http://pictures.example", "http://pictures.example/"),
        ("HTTP://pictures.example:80/a", "http://pictures.example/a"),
        ("https://pictures.example:80/a", "https://pictures.example:80/a"),
        ("https://pictures.example./a", "https://pictures.example/a"),
        ("https://a_b.example/a", "https://a_b.example/a"),
        ("https://pictures.example/剁手.jpg?w=雨", "https://pictures.example/%E5%89%81%E6%89%8B.jpg?w=%E9%9B%A8"),
        ("https://pictures.example/a%20b c.jpg#top", "https://pictures.example/a%20b%20c.jpg"),
        (" https://pictures.example/a.png\t\n", "https://pictures.example/a.png"),
        ("https://pictures.ex\tample/a.png", "https://pictures.example/a.png"),
        ("https://图片.example/a", "https://xn--wcsw84d.example/a"),
        ("https://pictures.example/a?itok=x%2Fy&imageView2/1|z", "https://pictures.example/a?itok=x%2Fy&imageView2/1|z"),
        ("https://[2606:4700:0::1]/a", "https://[2606:4700::1]/a"),
        ("https://[2606:4700::1]:80/a", "https://[2606:4700::1]:80/a"),
        ("http://pictures.example/\ud800", "http://pictures.example/%ED%A0%80"),
    ],
)
def test_understands(address: str, understood: str) -> None:
    assert str(Target.parse(address)) == understood


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "unsupported-scheme"),
        ("pictures.example/a.jpg", "unsupported-scheme"),
        ("//pictures.example/a.jpg", "unsupported-scheme"),
        ("file:///etc/passwd", "unsupported-scheme"),
        ("ftp://pictures.example/a", "unsupported-scheme"),
        ("gopher://127.0.0.1:6379/_x", "unsupported-scheme"),
        ("data:image/png;base64,AAAA", "unsupported-scheme"),
        ("http://pictures.example:22/", "unsupported-port"),
        ("http://pictures.example:0/", "unsupported-port"),
        ("http://pictures.example:8443/", "unsupported-port"),
        ("http://pictures.example:99999/", "unsupported-port"),
        ("http://pictures.example:x/", "bad-address"),
        ("http://pictures.example:+80/", "bad-address"),
        ("http://pictures.example:８０/", "bad-address"),
        ("http://pictures.example:000080/", "bad-address"),
        ("http:///a.jpg", "bad-address"),
        ("http://@pictures.example/", "bad-address"),
        ("http://user@pictures.example/", "bad-address"),
        ("http://user:secret@pictures.example/", "bad-address"),
        ("http://pictures.example%00.example/", "bad-address"),
        ("http://pictures example/", "bad-address"),
        ("http://-a.example/", "bad-address"),
        ("http://a..example/", "bad-address"),
        ("http://.example/", "bad-address"),
        (f"http://{'a' * 64}.example/", "bad-address"),
        (f"http://{'a.' * 130}example/", "bad-address"),
        ("http://[::1/", "bad-address"),
        ("http://[::1%25lo]/", "bad-address"),
        ("http://[v1.x]/", "bad-address"),
        ("http://\u2100.example/", "bad-address"),
        ("http://\ud800.example/", "bad-address"),
    ],
)
def test_refuses(address: str, reason: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        Target.parse(address)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        (b"/b.jpg", "https://pictures.example/b.jpg"),
        (b"b.jpg", "https://pictures.example/a/b.jpg"),
        (b"?w=1", "https://pictures.example/a/a.jpg?w=1"),
        (b"//other.example/b", "https://other.example/b"),
        (b"http://other.example/b", "http://other.example/b"),
        ("/雨.jpg".encode(), "https://pictures.example/%E9%9B%A8.jpg"),
        (b"/\xe9.jpg", "https://pictures.example/%C3%A9.jpg"),
    ],
)
def test_redirects(location: bytes, leads_to: str) -> None:
    assert str(Target.parse("https://pictures.example/a/a.jpg").redirected(location)) == leads_to


@pytest.mark.parametrize("location", [b"http://[", b"javascript:alert(1)", b"//user@other.example/"])
def test_refuses_redirects(location: bytes) -> None:
    with pytest.raises(PictureRefused):
        Target.parse("https://pictures.example/a/a.jpg").redirected(location)


PIECES = st.sampled_from(
    ["http://", "https://", "//", "@", ":", "/", "?", "#", "[", "]", "%", "\\", "127.0.0.1", "::1", "。", "a.example"]
)


@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=3))).map("".join)))
def test_any_text_is_understood_or_refused(address: str) -> None:
    try:
        target = Target.parse(address)
    except PictureRefused:
        return
    assert target.port in {80, 443}
    assert target.path.isascii()
    assert target.path.isprintable()
    assert " " not in target.path
    assert not set(target.host) & set("@/\\?#%[] ")
    assert Target.parse(str(target)) == target


@given(st.binary())
def test_any_redirect_is_understood_or_refused(location: bytes) -> None:
    try:
        target = Target.parse("https://pictures.example/a").redirected(location)
    except PictureRefused:
        return
    assert target.scheme in {"http", "https"}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        pytest.param(f"http://a.example/{'a' * 7_983}", None, id="as long as may be"),
        pytest.param(f"http://a.example/{'a' * 7_984}", "8,001 characters; the limit is 8,000", id="too long"),
        pytest.param(f"http://a.example/{'雨' * 900}", "8,117 characters as sent; the limit is 8,000", id="too long when sent"),
        pytest.param(f"http://{'雨' * 255}.example/", "a host name of 263 characters", id="before its host is understood"),
        pytest.param("http://user@a.example/", "an address with a user name", id="a user name"),
        pytest.param("http://127.1/", "Expected 4 octets in '127.1'", id="a number"),
        pytest.param("http://[::1]x/", "'[::1]x' is no host with a port", id="brackets and more"),
        pytest.param(f"http://{'a' * 64}.example/", f"'{'a' * 64}.example' is no host name", id="a label that is too long"),
    ],
)
def test_says_why(address: str, why: str | None) -> None:
    if why is None:
        assert str(Target.parse(address)) == address
        return
    with pytest.raises(PictureRefused) as refused:
        Target.parse(address)
    assert (refused.value.reason, refused.value.detail) == ("bad-address", why)
