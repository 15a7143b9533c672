import pytest

from make_thumbnail.placeholder import dominant, thumbhash

VECTORS = [
    (32, 24, 1, False, "db090a25987077787088787788788887717007f787"),
    (24, 32, 2, False, "dbf90925187077808777787877878777708107f788"),
    (32, 32, 3, False, "dbf909271870777880787777877788777777070777707f08"),
    (1, 1, 4, False, "c107060f0008f708888788708f7088f80888707ff8000000"),
    (32, 1, 5, False, "d0e72209b87578788888088a04885c8708"),
    (1, 32, 6, False, "d11721093808857a88888778f78571af88"),
    (32, 8, 7, False, "9a190e2a9a70777871787878747017f777"),
    (100, 75, 8, False, "db090a25967077788088877778787877618006f787"),
    (32, 24, 9, True, "dc0986148e17918890888878280989817f1803515496868807"),
    (24, 32, 10, True, "dcf985140c17920899887887071879818f5730487478787707"),
    (7, 5, 11, True, "9a09820c8603717790788a6708089a807f17c805949a56740a"),
    (100, 100, 12, True, "db0986150c0770778087877878608006f7977265baaa0242a6"),
    (3, 100, 14, True, "58b985190a27708177aa87808707c89877888787808897"),
]
"""Width, height, seed, whether transparent; and what the author's rgbaToThumbHash (npm: thumbhash 0.1.1) gives for the pixels."""


def pixels(width: int, height: int, seed: int, transparent: bool) -> bytes:
    """A picture that any language can compute: gradients, and noise of Numerical Recipes' generator."""
    found = bytearray()
    for y in range(height):
        for x in range(width):
            seed = (seed * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
            noise = seed >> 28
            colours = (x * 255 // width + noise, y * 255 // height + noise, (x + y) * 97 // (width + height) + 3 * noise)
            found += bytes(value & 255 for value in (*colours, x * x + 3 * y + 5 * noise if transparent else 255))
    return bytes(found)


@pytest.mark.parametrize(("width", "height", "seed", "transparent", "expected"), VECTORS)
def test_as_the_reference(width: int, height: int, seed: int, transparent: bool, expected: str) -> None:
    assert thumbhash(width, height, pixels(width, height, seed, transparent)).hex() == expected


def test_nothing_at_all_is_a_hash_too() -> None:
    assert thumbhash(16, 16, bytes(4 * 256)).hex() == "00088205" + "00" * 21


def test_a_plain_picture_has_no_waves() -> None:
    assert len(thumbhash(8, 8, b"\x80\x80\x80\xff" * 64)) == 24


@pytest.mark.parametrize(("width", "height", "count"), [(0, 1, 0), (1, 0, 0), (101, 1, 101), (1, 101, 101), (2, 2, 3)])
def test_sizes_that_do_not_fit(width: int, height: int, count: int) -> None:
    with pytest.raises(ValueError, match="by"):
        thumbhash(width, height, b"\x00" * 4 * count)


def test_the_dominant_colour() -> None:
    red, blue, clear = b"\xfa\x0a\x0a\xff", b"\x00\x00\xff\xff", b"\x00\xff\x00\x00"
    assert dominant(red * 5 + blue * 4 + clear * 90) == "#fa0a0a"
    assert dominant(b"\xe0\x00\x00\xff" + b"\xff\x00\x00\xff" + blue) == "#f00000"  # the mean of its cell
    assert dominant(clear * 9) == "#ffffff"
    assert dominant(red + blue) == dominant(blue + red) == "#0000ff"  # as full: the lower cell
    assert dominant(b"") == "#ffffff"
