import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render_post.origin import origin, origins, wrappers
from render_post.proxies import unwrap

PICTURE = "https://pictures.example/a/b.jpg"
ENCODED = "https%3A%2F%2Fpictures.example%2Fa%2Fb.jpg"
BASE64 = base64.urlsafe_b64encode(PICTURE.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("written", "by"),
    [
        ("https://i2.wp.com/pictures.example/a/b.jpg?ssl=1", "photon"),
        ("https://i2.wp.com//pictures.example/a/b.jpg?fit=9%2C9&ssl=1", "photon"),
        (f"https://images.weserv.nl/?url={ENCODED}&w=900", "weserv"),
        (f"https://res.cloudinary.com/name/image/fetch/w_300,f_auto/{PICTURE}", "image/fetch"),
        (f"https://substackcdn.com/image/fetch/$s_!a!,w_1456,c_limit/{ENCODED}", "image/fetch"),
        (f"https://site.example/cdn-cgi/image/width=800,quality=75/{PICTURE}", "cdn-cgi/image"),
        ("https://pictures.example/cdn-cgi/image/width=800/a/b.jpg", "cloudflare"),
        ("https://pictures-example.cdn.ampproject.org/i/s/pictures.example/a/b.jpg", "amp"),
        ("https://pictures-example.cdn.ampproject.org/ii/w820/s/pictures.example/a/b.jpg", "amp"),
        ("https://cdn.statically.io/img/pictures.example/a/b.jpg", "statically"),
        ("https://cdn.statically.io/img/pictures.example/f=auto,w=600/a/b.jpg", "statically"),
        (f"https://site.example/_next/image?url={ENCODED}&w=1080&q=75", "query"),
        ("https://pictures.example/_next/image?url=%2Fa%2Fb.jpg&w=1080&q=75", "query"),
        (f"https://images1-focus-opensocial.googleusercontent.com/gadgets/proxy?url={ENCODED}&container=focus", "query"),
        (f"https://external-content.duckduckgo.com/iu/?u={ENCODED}&f=1", "query"),
        (f"https://site.example/resize?w=300&src={ENCODED}", "query"),
        ("https://pictures.example/wp/timthumb.php?src=/a/b.jpg&w=300", "query"),
        (f"https://web.archive.org/web/20200101000000im_/{PICTURE}", "path"),
        ("https://web.archive.org/web/20200101000000im_/https:/pictures.example/a/b.jpg", "path"),
        (f"https://s.yimg.com/ny/api/res/1.2/abc--/YXBwaWQ9/{PICTURE}", "path"),
        (f"https://proxy.example/300x200/{PICTURE}", "path"),
        (f"https://proxy.example/sig/rs:fit:300:200/plain/{PICTURE}@webp", "plain"),
        (f"https://proxy.example/unsafe/300x200/smart/{ENCODED}", "unsafe"),
        (f"https://proxy.example/insecure/rs:fit:300/{BASE64}.webp", "base64"),
        (f"https://proxy.example/sig/{BASE64[:16]}/{BASE64[16:]}", "base64"),
        (f"https://camo.githubusercontent.com/{'0f' * 20}/{PICTURE.encode().hex()}", "camo"),
        ("https://site.example//pictures.example/a/b.jpg", "glued"),
        (f"{PICTURE}?imageView2/2/w/750", "resizer"),
        (f"{PICTURE}?imageMogr2/auto-orient|imageslim", "resizer"),
        (f"{PICTURE}?imageView&thumbnail=640x0&quality=75", "resizer"),
        (f"{PICTURE}?x-oss-process=image/resize,w_640", "resizer"),
    ],
)
def test_proxies_are_taken_off_and_the_proxy_stays_known(written: str, by: str) -> None:
    found = origins(written)
    assert found[0] == PICTURE
    assert len(found) == 2
    assert wrappers(written) == [by]
    assert origins(PICTURE) == [PICTURE]


def test_the_most_original_is_first() -> None:
    substack = f"https://cdn.substack.com/image/fetch/w_1/{ENCODED}"
    written = f"https://i2.wp.com/{substack.removeprefix('https://')}?resize=9&ssl=1"
    assert origins(written) == [PICTURE, substack, written]
    assert wrappers(written) == ["photon", "image/fetch"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("https://github.com/a/b/blob/main/x/图.png?raw=true", "https://raw.githubusercontent.com/a/b/main/x/图.png"),
        ("https://name.files.wordpress.com/2019/a.jpg?w=300&h=200", "https://name.files.wordpress.com/2019/a.jpg"),
        (f"{PICTURE}?itok=1&x-oss-process=image/resize,w_640", f"{PICTURE}?itok=1"),
        ("https://b.cdn.ampproject.org/i/pictures.example/a.php?id=1", "http://pictures.example/a.php?id=1"),
        (f"https://web.archive.org/web/2020im_/{PICTURE}?x=1", f"{PICTURE}?x=1"),
    ],
)
def test_what_is_left_of_others(written: str, found: str) -> None:
    assert origin(written) == found


@pytest.mark.parametrize(
    "written",
    [
        f"{PICTURE}?x-oss-process=image/resize,w_640&Signature=abc",  # a broken signature is refused
        f"{PICTURE}?itok=3cC7",
        f"{PICTURE}?from=https://site.example/page",
        "https://site.example/go?url=https%3A%2F%2Fother.example%2Fpage",
        "https://site.example/save/https://other.example/page",
        "https://site.example//index.php/b.jpg",
        "https://site.example//uploads/b.jpg",
        "https://site.example//v1.2/b.jpg",
        "https://github.com/a/b/blob/main/README.md",
        "https://cdn.statically.io/gh/a/b/main/x.png",
        "https://name.files.wordpress.com/2019/a.jpg?itok=1",
        "https://site.example/_next/image?url=javascript%3Ax&w=1",
        "https://site.example/aHR0c/x.jpg",
        "https://proxy.example/insecure/aHR0cAAAAAAAA4.webp",
        "https://proxy.example/insecure/aHR0c__________w.webp",
        f"https://camo.githubusercontent.com/{'0f' * 20}/zz",
        "https://x.example/a?" + "&".join("url=1" for _ in range(60)),
    ],
)
def test_other_addresses_are_the_pictures_own(written: str) -> None:
    assert origins(written) == [written]
    assert unwrap(written) is None


def test_what_a_proxy_holds_may_be_nothing() -> None:
    # The proxy's own address is all that is known then.
    written = "https://images.weserv.nl/?url=https%3A%2F%2F"
    assert origins(written) == [written]
    assert wrappers(written) == ["weserv"]


@pytest.mark.parametrize(
    "written",
    [
        "“https://pictures.example/a/b.jpg”", "'https://pictures.example/a/b.jpg'", "http://https://pictures.example/a/b.jpg",
        "https:https://pictures.example/a/b.jpg", "https//pictures.example/a/b.jpg", "https：//pictures.example/a/b.jpg",
        "https:\\\\pictures.example\\a\\b.jpg", "ttps://pictures.example/a/b.jpg", "hhttps://pictures.example/a/b.jpg",
        "https:/pictures.example/a/b.jpg", "https://pictures.example/a/b.jpg?is-pending-load=1",
        "https://pictures.example/a/b.jpg?is-pending-load=1#038;", "HTTPS://pictures.example/a/b.jpg",
    ],
)  # fmt: skip
def test_what_is_misspelt_is_mended(written: str) -> None:
    assert origin(written) == PICTURE


def test_what_jetpack_appends_is_in_no_cache() -> None:
    written = "https://i2.wp.com/pictures.example/a.jpg?resize=8%2C9&is-pending-load=1#038;ssl=1"
    assert origins(written) == ["https://pictures.example/a.jpg", "https://i2.wp.com/pictures.example/a.jpg?resize=8%2C9&ssl=1"]


def test_what_looks_like_base_64_beyond_ascii_is_the_pictures_own_address() -> None:
    address = "https://pictures.example/x/aHR0cDovL2茶茶茶茶茶茶.jpg"
    assert origins(address) == [address]


@given(st.text("ahtps:/%3A2Fx.?=&url@-imgrcwfebj9#\\", max_size=120))
def test_any_address_ends_somewhere(rest: str) -> None:
    for written in (rest, "https://pictures.example/" + rest, "https://x.wp.com/?url=" + rest):
        for found in origins(written, "https://news.example/2021/"):
            assert found.startswith(("http://", "https://"))
