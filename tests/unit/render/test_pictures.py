import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from render_post.candidates import links_to_large_file, stem
from render_post.pictures import Found, Place, Skipped, address_of, look_at

BASE = "https://news.example/2021/tea"


def look(markup: str, link: str = "", base: str | None = BASE) -> Found | Skipped:
    node = LexborHTMLParser(markup, is_fragment=True).css_first("img")
    assert node is not None
    return look_at(node, node.attributes, Place(base, "news/_posts/a.md"), link)


def found(markup: str, link: str = "") -> tuple[str, str, tuple[str, ...]]:
    seen = look(markup, link)
    assert isinstance(seen, Found)
    return seen.address, seen.source, seen.fallbacks


O, S, M, L, XL = (f"https://p.example/{name}.jpg" for name in ("o", "s", "m", "l", "xl"))  # noqa: E741


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (f"<img src='{O}'>", (O, "src", ())),
        # what scripts that load late keep
        (f"<img src='/loading.gif' data-original='{O}'>", (O, "data-original", ())),
        (f"<img src='{S}' data-lazy-src='{O}' data-src='{M}'>", (O, "data-lazy-src", ())),
        (f"<img src='static/none.gif' zoomfile='{O}' file='{S}'>", (O, "zoomfile", ())),
        (f"<img src='data:image/gif;base64,x' data-url='{O}'>", (O, "data-url", ())),
        (f"<img src='{O}' data-url='https://p.example/page'>", (O, "src", ())),
        (f"<img src='{O}' data-src='x'>", (O, "src", ())),
        (f"<img src='{S}' data-srcset='{M} 800w, {L} 1600w'>", (L, "srcset", (M,))),
        (f"<img src='{O}' data-srcset='data:x 1w, '>", (O, "src", ())),
        # sets: the largest that is reasonable
        (f"<img src='{S}' srcset='{S} 300w, {M} 800w, {L} 1600w'>", (L, "srcset", (S, M))),
        (f"<img src='{M}' srcset='{S} 300w, {M} 800w'>", (M, "src", (S,))),
        (f"<img src='{S}' srcset='{S} 300w, {M} 1280w, {XL} 5000w'>", (M, "srcset", (S, XL))),
        (f"<img src='{S}' srcset='{S} 300w, {M} 800w, {XL} 5000w'>", (XL, "srcset", (S, M))),
        (f"<img src='{XL}' srcset='{S} 300w, {M} 1600w, {XL} 5000w'>", (M, "srcset", (XL, S))),
        (f"<img src='{O}' srcset='{S} 300w, {L} 1600w'>", (O, "src", (L,))),  # from which they were made, maybe
        ("<img src='https://p.example/a.jpg?w=300' srcset='https://p.example/a.jpg?w=900 900w'>",
         ("https://p.example/a.jpg?w=900", "srcset", ("https://p.example/a.jpg?w=300",))),
        (f"<img src='{S}' srcset='{M} 1.5x, {L} 2x'>", (L, "srcset", (S, M))),
        (f"<img src='{O}' srcset='{S}'>", (O, "src", (S,))),
        (f"<img srcset='{S} 1..5x, {M} .w,,'>", (S, "srcset", (M,))),
        # pictures
        (f"<picture><source type='image/webp' srcset='{M} 800w'><source srcset='{S} 300w'><img src='{S}'></picture>",
         (M, "picture", (S,))),
        (f"<picture><source type='image/svg+xml' srcset='{XL} 2x'><source data-srcset='{M}'><img src='/blank.gif'></picture>",
         (M, "picture", ())),
        # proxies: what they hold is whole, and no other candidate is looked at
        (f"<img src='https://i0.wp.com/p.example/o.jpg?w=9&ssl=1' srcset='{L} 1600w'>",
         (O, "src", ("https://i0.wp.com/p.example/o.jpg?w=9&ssl=1",))),
        # other doors
        ("<img src='https://cdn.jsdelivr.net/gh/a/b@main/x/o.jpg'>",
         ("https://cdn.jsdelivr.net/gh/a/b@main/x/o.jpg", "src", ("https://raw.githubusercontent.com/a/b/main/x/o.jpg",))),
        ("<img src='https://cdn.jsdelivr.net/gh/a/b/x/o.jpg'>",
         ("https://cdn.jsdelivr.net/gh/a/b/x/o.jpg", "src", ("https://raw.githubusercontent.com/a/b/HEAD/x/o.jpg",))),
        ("<img src='https://p.example/wp-content/uploads/2019/o-300x200.jpg'>",
         ("https://p.example/wp-content/uploads/2019/o-300x200.jpg", "src", ("https://p.example/wp-content/uploads/2019/o.jpg",))),
    ],
)  # fmt: skip
def test_the_address_and_where_else_it_is(markup: str, expected: tuple[str, str, tuple[str, ...]]) -> None:
    assert found(markup) == expected


UPLOADS = "https://p.example/wp-content/uploads/"


@pytest.mark.parametrize(
    ("address", "link"),
    [
        (UPLOADS + "a-300x200.jpg", UPLOADS + "a.jpg"),
        (UPLOADS + "a-300x200.jpg", UPLOADS + "a-1024x683.jpg"),
        (UPLOADS + "a-1024x683.jpg", UPLOADS + "a-scaled.jpg"),
        ("https://1.bp.example/x/s320/tea.jpg", "https://1.bp.example/x/s1600/tea.jpg"),
        ("https://p.example/img/0/tea.jpg", "https://p.example/img/1/tea.jpg"),
        ("https://a.p.example/t_tea.png", "https://b.p.example/tea.jpg"),
        ("https://cdn.example/teahouse_small.jpg", "https://p.example/TeaHouse.JPG"),
        ("https://w.example/thumb/a/ab/Tea.jpg/220px-Tea.jpg", "https://w.example/a/ab/Tea.jpg"),
        ("https://p.example/%E8%8C%B6@2x.jpg", "https://p.example/茶.jpg?x=1"),
    ],
)
def test_a_link_to_the_large_file_is_followed(address: str, link: str) -> None:
    assert links_to_large_file(link, address) == link
    assert found(f"<img src='{address}'>", link)[:2] == (link, "link")
    assert found(f"<img src='{address}'>", link)[2][0] == address


@pytest.mark.parametrize(
    ("address", "link"),
    [
        (UPLOADS + "a-300x200.jpg", UPLOADS + "b.jpg"),
        (UPLOADS + "a.jpg", UPLOADS + "a-300x200.jpg"),
        (UPLOADS + "a-1024x683.jpg", UPLOADS + "a-300x200.jpg"),
        (UPLOADS + "a.jpg", UPLOADS + "a.jpg"),
        (UPLOADS + "a.jpg", "https://p.example/a/"),
        ("https://w.example/Tea.jpg", "https://w.example/wiki/File:Tea.jpg"),
        ("https://w.example/Tea.jpg", "https://w.example/show.php/Tea.jpg?x.php"),
        ("https://p.example/1.jpg", "https://other.example.org/1.jpg"),
        ("https://p.example/", "https://p.example/.jpg"),
    ],
)
def test_a_link_to_anything_else_is_not(address: str, link: str) -> None:
    assert links_to_large_file(link, address) is None
    assert found(f"<img src='{address}'>", link)[0] == address


def test_a_page_of_bloggers_is_the_picture() -> None:
    link = "https://1.bp.example/x/s1600-h/tea.jpg"
    assert found("<img src='https://1.bp.example/x/s320/tea.jpg'>", link)[0] == "https://1.bp.example/x/s1600/tea.jpg"


def test_the_link_may_lead_through_a_proxy_too() -> None:
    link = "https://i0.wp.com/p.example/tea.jpg?ssl=1"
    address = "https://p.example/tea-300x200.jpg"
    assert found(f"<img src='https://i0.wp.com/p.example/tea-300x200.jpg?ssl=1'>", link) == (  # noqa: F541
        "https://p.example/tea.jpg", "link", (link, address, "https://i0.wp.com/p.example/tea-300x200.jpg?ssl=1"),
    )  # fmt: skip


def test_what_drupal_made_of_a_picture_stays_its_address() -> None:
    style = "https://p.example/sites/default/files/styles/large/public/tea.jpg?itok=x"
    large = "https://p.example/sites/default/files/tea.jpg"
    assert found(f"<img src='{style}'>", large) == (style, "src", (large,))


def test_stems() -> None:
    assert stem("https://p.example/a/Tea-300x200.jpg?x=1") == "tea"
    assert stem("https://p.example/a/2000.jpg") == "2000"
    assert stem("https://p.example/a/tea") == "tea"


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ("<img>", Skipped.NOWHERE),
        ("<img src='https://['>", Skipped.NOWHERE),
        ("<img src='https://p.example/@x/undefined?y'>", Skipped.NOWHERE),
        ("<img src='data:image/png;base64,x'>", Skipped.PLACEHOLDER),
        ("<img src='about:blank'>", Skipped.PLACEHOLDER),
        ("<img srcset='data:image/png;base64,x 2x'>", Skipped.NOWHERE),
        ("<img src='/img/Spacer.GIF?1'>", Skipped.PLACEHOLDER),
        (f"<img width='1' height='1px' src='{O}'>", Skipped.TINY),
        (f"<img class='x Avatar' src='{O}'>", Skipped.CLASS),
        (f"<a class='share-button'><img src='{O}'></a>", Skipped.CLASS),
        ("<img src='https://secure.gravatar.com/avatar/x'>", Skipped.SOFTWARE),
        ("<img src='https://www.facebook.com/tr?id=1&ev=x'>", Skipped.SOFTWARE),
        ("<img src='https://p.example/themes/servicelinks/png/a.png'>", Skipped.SOFTWARE),
        ("<img src='https://medium.com/_/stat?event=x'>", Skipped.SOFTWARE),
        ("<img src='/2021/tea?x'>", Skipped.PAGE),
        ("<img src='https://news.example/@name/tea-1234'>", Skipped.PAGE),
        ("<img src='https://p.example/tea.html'>", Skipped.PAGE),
        ("<img src='https://p.example/tea.mp4?x'>", Skipped.PAGE),
    ],
)
def test_why_an_element_is_no_picture_of_the_article(markup: str, reason: Skipped) -> None:
    assert look(markup) is reason
    node = LexborHTMLParser(markup, is_fragment=True).css_first("img")
    assert node is not None
    assert address_of(node, Place(BASE)) is None


@pytest.mark.parametrize(
    ("markup", "base"),
    [
        ("<img src='https://p.example/@name/tea-1234'>", BASE),
        ("<img src='https://news.example/@name'>", BASE),
        ("<img src='https://news.example/@name/tea-1234'>", None),
        ("<img src='https://p.example/tea?id=1'>", "https://["),
        ("<img width='150' height='150' src='https://p.example/tea.jpg'>", BASE),
    ],
)
def test_others_are(markup: str, base: str | None) -> None:
    assert isinstance(look(markup, "https://news.example/page", base), Found)


def test_a_small_square_that_leads_to_a_page_is_a_portrait() -> None:
    square = f"<img width='80' height='80px' src='{O}'>"
    assert look(square, "https://news.example/who") is Skipped.PORTRAIT
    assert found(square) == (O, "src", ())
    assert found(square, "https://p.example/o.jpg")[0] == O
    assert found(f"<img width='80' height='60' src='{O}'>", "https://news.example/who")[0] == O
    assert found(f"<img width='80%' height='80%' src='{O}'>", "https://news.example/who")[0] == O


@given(
    st.dictionaries(
        st.sampled_from(["src", "srcset", "data-src", "data-srcset", "width", "class", "file"]), st.text(max_size=60)
    ),
    st.text(max_size=40),
)
def test_any_attributes_are_read(attributes: dict[str, str], link: str) -> None:
    node = LexborHTMLParser("<picture><img></picture>", is_fragment=True).css_first("img")
    assert node is not None
    seen = look_at(node, dict(attributes), Place("https://news.example/x", "a.md"), "https://news.example/" + link)
    if isinstance(seen, Found):
        assert seen.address.startswith(("http://", "https://", "post:"))
        assert len(seen.fallbacks) <= 3
        assert seen.address not in seen.fallbacks
        assert all(one.startswith(("http://", "https://")) for one in seen.fallbacks)
