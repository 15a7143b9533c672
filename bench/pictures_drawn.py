"""Drawn photographs at a host on loopback, for the thumbnail function as it was built."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import photographs
from bench.photographs import Photograph

from postkeep.aws.dynamodb import DynamoPictures
from postkeep.messages import ThumbnailRequest
from postkeep.post import Picture, picture_id
from sam.services import TABLE, Services
from support.posts import a_post
from unit.thumbnail.picture_host import PictureHost, answer

HOST = "http://pictures.postkeep.example"

POST = a_post("river/_posts/2019-07-08-a.md")

_AVIF = (("THUMBNAIL_AVIF", "true"),)


@dataclass(frozen=True, slots=True)
class Case:
    """A picture that is asked for.

    Attributes:
        kind: what it is an example of.
        photograph: the file.
        number: which of them; each has bytes of its own.
        variables: of the function, beside its usual ones.
    """

    kind: str
    photograph: Photograph
    number: int
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        """At the host."""
        return f"/{self.number}-{'avif-' if self.variables else ''}{self.photograph.name}"


def cases() -> Sequence[Case]:
    """Those that are measured, by kind; the first of a kind comes to a process that has just started."""
    wanted = [("0.1", 6, ()), ("0.5", 11, ()), ("2", 8, ()), ("24", 2, ()), ("0.5", 4, _AVIF), ("24", 2, _AVIF)]
    return [
        Case(f"{size} MP JPEG{', with AVIF' if variables else ''}", Photograph("jpeg", size), number, variables)
        for size, times, variables in wanted
        for number in range(times)
    ]


@contextmanager
def served(folder: Path) -> Iterator[PictureHost]:
    """The host, with the pictures of :func:`cases`."""
    names = sorted({case.photograph.name for case in cases()})
    subprocess.run([sys.executable, photographs.__file__, folder, *names], check=True)
    host = PictureHost()
    try:
        # What follows a JPEG's end is not looked at, and makes other bytes of it.
        host.scripts = {case.path: answer((folder / case.photograph.name).read_bytes() + case.path.encode()) for case in cases()}
        yield host
    finally:
        host.close()


def arranged(services: Services, case: Case) -> dict[str, Any]:
    """Have a picture be a post's; gives the message that asks for it."""
    address = f"{HOST}{case.path}"
    picture = Picture(id=picture_id(address), address=address)
    DynamoPictures(TABLE, services.dynamodb).arrange(POST.id, add=[picture], remove=[])
    request = ThumbnailRequest(POST.id, picture.id, picture.edition, address, "https://tea.example/1")
    return {"MessageId": "1", "ReceiptHandle": "1", "Body": request.encode()}
