import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.post import Metadata
from render_post.own import own_address, own_keys, relative_path
from render_post.rendition import PictureReference, RenderedText, render

KEY = "oped/_posts/2021/2021-06-29-茶.md"


def keys(written: str, key: str = KEY) -> tuple[str, ...]:
    return own_keys(relative_path(written), key)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("a.jpg", ["oped/_posts/2021/a.jpg"]),
        ("./a.jpg", ["oped/_posts/2021/a.jpg"]),
        ("../../images/a.jpg", ["oped/images/a.jpg"]),
        ("../../../a.jpg", ["a.jpg"]),
        ("/images/a.jpg", ["oped/images/a.jpg", "images/a.jpg"]),
        ("/../images/a.jpg", ["images/a.jpg"]),
        ("images\\a.jpg", ["oped/_posts/2021/images/a.jpg"]),
        ("images//./x/../a.jpg", ["oped/_posts/2021/images/a.jpg"]),
        (" /图%20片/%E8%8C%B6.jpg?v=1#top ", ["oped/图 片/茶.jpg", "图 片/茶.jpg"]),
        ("100%.jpg", ["oped/_posts/2021/100%.jpg"]),
        ("{{ site.baseurl }}/assets/a.jpg", ["oped/assets/a.jpg", "assets/a.jpg"]),
        ("{{site.url}}{{site.baseurl}}/assets/a.jpg", ["oped/assets/a.jpg", "assets/a.jpg"]),
        ("{{ '/assets/a.jpg' | relative_url }}", ["oped/assets/a.jpg", "assets/a.jpg"]),
    ],
)
def test_a_relative_address_names_an_object(written: str, found: list[str]) -> None:
    assert list(keys(written)) == found


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "#top", "?x", "//pictures.example/a.jpg", "\\\\pictures.example\\a.jpg", "https://pictures.example/a.jpg",
        "data:image/gif,x",
        "javascript:alert(1)", "C:\\a.jpg", "../../../../a.jpg", "%2e%2e/../../../a.jpg", "images/", "images/..", ".", "/",
        "a%00.jpg",
        "2021-06-30-酒.md", "x" * 1_025, "é" * 513, "x/" * 3_000 + "a.jpg",
    ],
)  # fmt: skip
def test_what_names_none(written: str) -> None:
    assert keys(written) == ()


def test_where_there_are_no_folders_the_root_is_one() -> None:
    assert keys("/a.jpg", "a.md") == ("a.jpg",)
    assert keys("a.jpg", "a.md") == ("a.jpg",)
    assert keys("../a.jpg", "a.md") == ()
    assert keys("a.jpg", "") == ()
    assert keys("/a.jpg", "blog/2021/a.md") == ("blog/a.jpg", "a.jpg")


@given(st.text(max_size=60) | st.text("./%2e\\a{}?#:", max_size=60), st.text("ab/_é", max_size=30))
def test_no_key_leads_out_of_the_bucket(written: str, key: str) -> None:
    for found in keys(written, key):
        assert found
        assert not found.startswith("/")
        assert not {"", ".", ".."} & set(found.split("/"))
        assert len(found.encode("utf-8", "replace")) <= 1_024


def made(html: str, url: str | None = None) -> RenderedText:
    return render(html, Metadata(source_url=url), KEY)


def test_a_picture_that_only_the_archive_has() -> None:
    rendered = made("<div><p>文</p><img src='../../图 片/a(1)#x.jpg?v=1' alt='茶'></div>")
    assert rendered.pictures == (PictureReference("post:oped/图%20片/a(1)", "茶", "", (), ("oped/图 片/a(1)",)),)
    assert rendered.markdown == "文\n\n![茶](../../%E5%9B%BE%20%E7%89%87/a%281%29)\n"
    assert "<img alt=" in rendered.html
    assert "src=" not in rendered.html
    assert own_address("a%20?#b") == "post:a%2520%3F%23b"


def test_the_markdown_of_it_is_read_the_same() -> None:
    rendered = made("<div><p>文</p><img src='/图/a b.jpg'></div>")
    again = made(rendered.markdown)
    assert again.pictures == rendered.pictures
    assert again.markdown == rendered.markdown


def test_with_an_address_of_the_article_both_are_known() -> None:
    rendered = made("<div><img src='/a.jpg'></div>", "https://news.example/x/")
    assert rendered.pictures == (PictureReference("https://news.example/a.jpg", "", "", (), ("oped/a.jpg", "a.jpg")),)
    assert rendered.markdown == "![](https://news.example/a.jpg)\n"


def test_where_the_articles_address_is_none_of_the_web_the_archive_is_asked() -> None:
    assert [picture.address for picture in made("<div><img src='a.jpg'></div>", "ftp://x/y").pictures] == [
        "post:oped/_posts/2021/a.jpg"
    ]


def test_what_leads_out_of_the_bucket_is_no_picture() -> None:
    assert made("<div><p>文</p><img src='../../../../a.jpg'></div>").pictures == ()


def test_a_copy_in_noscript_of_the_archives_own_goes() -> None:
    copy = made("<div><img src='a.jpg'><noscript><img src='a.jpg'></noscript><noscript><img src='b.jpg'></noscript></div>")
    assert [picture.own[0] for picture in copy.pictures] == ["oped/_posts/2021/a.jpg", "oped/_posts/2021/b.jpg"]
