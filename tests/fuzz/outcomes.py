"""What the process that decodes pictures left, which a picture may have taken over (``make_thumbnail.resizing``)."""

from make_thumbnail.resizing import Resizing, pack, unpack
from postkeep.errors import PictureRefused

LONGEST = 2048
TOKENS = (
    *('{"refused": ["too-complex", "x"]}', '"kind": ', '"width": ', '"height": ', '"animated": ', '"partial": ', '"thumbhash": '),
    *(
        '"colour": ',
        '"thumbnails": ',
        '["webp", 1, 1, 1]',
        "jpeg",
        "avif",
        "true",
        "null",
        "1e9",
        "-1",
        "NaN",
        '"\\ud800"',
        "#ffffff",
        "\n",
    ),
)


def check(data: bytes) -> None:
    """Any bytes are an outcome, a refusal, or nothing; an outcome is all within its bounds, and can be packed again."""
    try:
        found = unpack(data)
    except PictureRefused as refused:
        assert 0 < len(refused.reason) <= 40
        assert refused.reason.isascii()
        return
    except ValueError:
        return
    _assert_bounded(found)
    assert unpack(pack(found)) == found


def _assert_bounded(found: Resizing) -> None:
    assert found.kind.isascii()
    assert found.kind.isalpha()
    assert min(found.width, found.height) > 0
    assert 5 <= len(found.thumbhash) <= 32
    assert len(found.colour) == 7
    for thumbnail in found.thumbnails:
        assert thumbnail.content
        assert min(thumbnail.width, thumbnail.height) > 0
