import pytest
from hypothesis import given
from hypothesis import strategies as st

from render_post.origin import MAX_ADDRESS, absolute, ascii_form, origin

PICTURE = "https://pictures.example/a/b.jpg"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (PICTURE, PICTURE),
        ("//pictures.example/a/b.jpg", PICTURE),
        ("  https://pictures.example/a\t/b\n.jpg ", PICTURE),
        ("https://i2.wp.com/pictures.example/a/b.jpg?resize=768%2C432&ssl=1", PICTURE),
        ("https://i0.wp.com/pictures.example/a/b.jpg?w=300#038;ssl=1", PICTURE),
        ("https://i1.wp.com/pictures.example/a/b.jpg?w=300", "http://pictures.example/a/b.jpg"),
        ("https://i1.wp.com/latex.php", "https://i1.wp.com/latex.php"),
        ("https://images.weserv.nl?url=pictures.example/a/b.jpg", PICTURE),
        ("https://images.weserv.nl/?url=ssl:pictures.example/a/b.jpg&w=900&output=webp", PICTURE),
        ("https://images.weserv.nl/?w=900&url=https%3A%2F%2Fpictures.example%2Fa%2Fb.jpg&h=1", PICTURE),
        ("https://wsrv.nl/?url=https://pictures.example/a/b.jpg?itok=x&lang=zh&w=9", PICTURE + "?itok=x&lang=zh"),
        ("https://images.weserv.nl/?url=//pictures.example/a/b.jpg", PICTURE),
        ("https://images.weserv.nl/?url=", "https://images.weserv.nl/?url="),
        ("https://images.weserv.nl/?w=9", "https://images.weserv.nl/?w=9"),
        (
            "https://substackcdn.com/image/fetch/w_1456,c_limit/https%3A%2F%2Fbucket.example%2Fpublic%2Fimages%2Fx_1x1.png",
            "https://bucket.example/public/images/x_1x1.png",
        ),
        (
            "https://cdn.substack.com/image/fetch/f/https%3A%2F%2Fsubstackcdn.com%2Fimage%2Ffetch%2Fw%2Fhttps%253A%252F%252Fp.example%252Fa.jpg",
            "https://p.example/a.jpg",
        ),
        ("https://substackcdn.com/other/a.png", "https://substackcdn.com/other/a.png"),
        ("//qiniu.example/a.jpg?imageView2/2/w/750", "https://qiniu.example/a.jpg"),
        ("https://drupal.example/styles/a.jpg?itok=3cC7", "https://drupal.example/styles/a.jpg?itok=3cC7"),
        ("https://s3.example/a.jpg?VersionId=abc", "https://s3.example/a.jpg?VersionId=abc"),
        ("https://pictures.example/a b(1).jpg", "https://pictures.example/a%20b(1).jpg"),
        ("https://pictures.example/100%.jpg", "https://pictures.example/100%25.jpg"),
        ("https://pictures.example/a.jpg?x=1&amp;y=2", "https://pictures.example/a.jpg?x=1&y=2"),
        ("https://pictures.example/图.jpg", "https://pictures.example/图.jpg"),
        # Mended once, it needs mending again.
        ("//ttp:/pictures.example/a/b.jpg", "http://pictures.example/a/b.jpg"),
    ],
)
def test_the_origin_of_an_address(written: str, found: str) -> None:
    assert origin(written) == found


@pytest.mark.parametrize(
    "written",
    [
        "", "   ", "data:image/gif;base64,R0lGOD", "blob:https://a.example/x", "javascript:alert(1)", "a.jpg", "/a.jpg", "https://",
        "https://[::1", "https://a.example:port/x.jpg", "ftp://a.example/x.jpg", "https://a.example/@someone/undefined", "//", "https:///x.jpg",
        "https://a.example/" + "x" * MAX_ADDRESS,
    ],
)  # fmt: skip
def test_what_leads_nowhere(written: str) -> None:
    assert origin(written) is None


def test_proxies_within_proxies_are_followed_only_so_far() -> None:
    address = PICTURE
    for _ in range(9):
        address = "https://images.weserv.nl/?url=" + address
    assert origin(address) is not None


def test_relative_addresses_need_the_article() -> None:
    assert absolute("../b.jpg", "https://a.example/x/y/") == "https://a.example/x/b.jpg"
    assert absolute("mailto:a@example.com", "https://a.example/") is None


def test_the_form_that_requests_carry() -> None:
    assert ascii_form("https://a.example/图 é") == "https://a.example/%E5%9B%BE %C3%A9"


@given(st.text(max_size=80).map(lambda text: "https://a.example/" + text) | st.text(max_size=80))
def test_what_is_found_is_a_safe_web_address(written: str) -> None:
    found = origin(written)
    if found is not None:
        assert found.startswith(("http://", "https://"))
        assert not set(found) & set(' \t\n<>"`\\')
        assert origin(found) == found
