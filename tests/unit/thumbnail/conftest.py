from collections.abc import Iterator

import pytest

from unit.thumbnail.picture_host import PictureHost


@pytest.fixture
def host() -> Iterator[PictureHost]:
    """A picture host."""
    running = PictureHost()
    yield running
    running.close()
