"""Who may read: everyone, those who have a key, or those whom API Gateway let through."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from postkeep.settings import ApiSettings, ReadAccess
from postkeep.web.exchange import Request
from postkeep.web.problems import Problem

OPEN = frozenset({"/healthz"})
"""What everyone may ask for. template.yaml leaves the same paths open where API Gateway checks tokens."""

# Basic is for feed readers and for the pictures of a page, which can send nothing else (RFC 6750, 3; RFC 7617, 2).
_CHALLENGE = 'Bearer realm="postkeep", Basic realm="postkeep", charset="UTF-8"'


@dataclass(frozen=True, slots=True)
class Access:
    """Decides who is answered.

    Attributes:
        kind: who may read. Tokens (``jwt``) are API Gateway's to check; what arrives here has passed it.
        digests: of each valid key, its SHA-256. Keys are random, and long enough that a slow digest would protect nothing more.
    """

    kind: ReadAccess
    digests: Sequence[bytes] = field(default=(), repr=False)

    @classmethod
    def of(cls, settings: ApiSettings) -> Self:
        """As the settings have it."""
        return cls(settings.read_access, [bytes.fromhex(digest) for digest in settings.read_keys])

    @property
    def is_private(self) -> bool:
        """Whether answers are for their reader alone, and for no shared cache."""
        return self.kind is not ReadAccess.PUBLIC

    def check(self, request: Request) -> None:
        """Let a request pass.

        Raises:
            Problem: 401 ``key-required``.
        """
        if self.kind is not ReadAccess.KEY or request.path in OPEN:
            return
        key = _key(request)
        if key is None:
            raise _refusal("this archive is read with a key: send it as `Authorization: Bearer …` or as `X-Api-Key: …`")
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        # All of them, each in constant time: how long it takes tells nothing.
        if sum(hmac.compare_digest(digest, one) for one in self.digests) == 0:
            raise _refusal("the key is none of this archive's, or not any more")


def _key(request: Request) -> str | None:
    scheme, _, given = (request.header("authorization") or "").strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return given.strip()
        case "basic":
            return _password(given.strip())
    return request.header("x-api-key")


def _password(credentials: str) -> str | None:
    """The password of Basic credentials, whose name does not matter."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return None


def _refusal(detail: str) -> Problem:
    return Problem("key-required", detail, headers={"WWW-Authenticate": _CHALLENGE})
