"""VersionStore in memory: it passes the same contract tests as the adapter."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from postkeep.errors import ObjectDeleted, ObjectMissing, ObjectTooLarge
from postkeep.ports import ObjectVersion, VersionContent, VersionStretch

EPOCH = datetime(2021, 6, 29, 1, 39, tzinfo=UTC)


@dataclass
class MemoryVersions:
    """A versioned bucket in which a minute passes between any two writes.

    Attributes:
        kept: each key's versions, the newest first: its name, when it was written, and its bytes; None for a delete marker.
        lists: what was asked of :meth:`versions`: the key, and how many.
        reads: what was asked of :meth:`read`: the versions.
    """

    kept: dict[str, list[tuple[str, datetime, bytes | None]]] = field(default_factory=dict)
    count: int = 0
    lists: list[tuple[str, int]] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)

    def put(self, key: str, body: bytes) -> str:
        return self._add(key, body)

    def delete(self, key: str) -> str:
        return self._add(key, None)

    def purge(self, key: str, version_id: str) -> None:
        self.kept[key] = [version for version in self.kept[key] if version[0] != version_id]

    def versions(self, key: str, *, after: str | None, limit: int) -> VersionStretch:
        self.lists.append((key, limit))
        history = self.kept.get(key, [])
        names = [name for name, _, _ in history]
        begin = names.index(after) + 1 if after in names else len(names) if after else 0
        found = [
            ObjectVersion(
                version_id=name,
                modified=modified,
                current=name == names[0],
                deleted=body is None,
                size=len(body or b""),
                etag="" if body is None else hashlib.md5(body, usedforsecurity=False).hexdigest(),
            )
            for name, modified, body in history[begin : begin + limit]
        ]
        return VersionStretch(found, found[-1].version_id if begin + limit < len(history) else None)

    def read(self, key: str, version_id: str, *, limit: int) -> VersionContent:
        self.reads.append(version_id)
        for name, modified, body in self.kept.get(key, []):
            if name == version_id:
                if body is None:
                    raise ObjectDeleted(key, version_id)
                if len(body) > limit:
                    raise ObjectTooLarge(key, len(body), limit)
                return VersionContent(body, modified)
        raise ObjectMissing(key, version_id)

    def _add(self, key: str, body: bytes | None) -> str:
        self.count += 1
        self.kept.setdefault(key, []).insert(0, (f"v{self.count}", EPOCH + timedelta(minutes=self.count), body))
        return f"v{self.count}"
