"""Addresses of objects in memory."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from fakes.memory import MemoryBucket


@dataclass
class MemoryDownloads:
    """Downloads: addresses that :meth:`open` alone can read."""

    bucket: MemoryBucket

    def address(self, key: str, *, version_id: str, name: str) -> str:
        return "https://memory.example/?" + urlencode({"key": key, "version": version_id, "name": name})

    def open(self, address: str) -> tuple[bytes, str]:
        """The object at an address, and the name that it is saved under."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return self.bucket.get(query["key"], limit=2**40, version_id=query.get("version")).body, query["name"]
