"""Where an export is written: files and folders that are there wholly or not at all, and archives of files."""

import errno
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, Self

from postkeep.errors import PostkeepError

_STAMP = (1980, 1, 1, 0, 0, 0)
"""ZIP's first instant: the same posts give the same bytes."""

_FULL = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE})
"""What is no fault of a name."""


class TargetTaken(PostkeepError):
    """Something is there already, or nothing can be written there; the text says which, for the person who asked."""


class NotWritable(PostkeepError):
    """A name that cannot be one of a file; the text says why, in a few words."""


class Files(Protocol):
    """A collection of files that is being written."""

    def add(self, key: str, body: bytes) -> None:
        """Add a file.

        Args:
            key: its path, with ``/`` between the parts.
            body: its bytes.

        Raises:
            NotWritable: if it cannot be there under this name; the others are not affected.
        """
        ...


@contextmanager
def written(target: Path, *, folder: bool = False, replace: bool = False) -> Iterator[Path]:
    """Give a path beside the target to write to; at the end it becomes the target, and with an error it is removed.

    Args:
        target: the file, or the folder, that is wanted.
        folder: whether it is a folder.
        replace: whether a file that is there is replaced; a folder never is, unless it is empty.

    Raises:
        TargetTaken: if it may not be written.
    """
    _check(target, folder=folder, replace=replace)
    partial = _partial(target, folder=folder)
    try:
        yield partial
        partial.chmod((0o777 if folder else 0o666) & ~_umask())
        _check(target, folder=folder, replace=replace)  # an export takes its time
        partial.replace(target)  # of an empty folder too
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        else:
            partial.unlink(missing_ok=True)


def _partial(target: Path, *, folder: bool) -> Path:
    prefix = f".{target.name[:60]}."
    try:
        if folder:
            return Path(tempfile.mkdtemp(prefix=prefix, suffix=".partial", dir=target.parent))
        handle, made = tempfile.mkstemp(prefix=prefix, suffix=".partial", dir=target.parent)
    except OSError as error:
        raise TargetTaken(f"Nothing can be written in the folder {target.parent}: {error.strerror}.") from error
    os.close(handle)
    return Path(made)


def _check(target: Path, *, folder: bool, replace: bool) -> None:
    if target.name in {"", ".."}:
        raise TargetTaken(f"{target} is no name of something new.")
    if not target.parent.is_dir():
        raise TargetTaken(f"There is no folder {target.parent}.")
    if not target.exists(follow_symlinks=False):
        return
    if folder and target.is_dir() and not target.is_symlink() and not any(target.iterdir()):
        return
    if folder or not target.is_file():  # a device would be replaced by a file
        raise TargetTaken(f"{target} is there already.")
    if not replace:
        raise TargetTaken(f"{target} is there already: --replace writes over it.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


class FolderFiles:
    """:class:`Files` in a folder: a key is the path below it, byte for byte, as ``postkeep put`` reads it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, key: str, body: bytes) -> None:
        """See the protocol."""
        parts = _parts(key)
        path = self._root.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(body)
        except FileExistsError:
            raise NotWritable("this file system takes its name for another post's") from None
        except (OSError, UnicodeEncodeError) as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                raise
            raise NotWritable(f"this file system cannot hold its name: {getattr(error, 'strerror', None) or error}") from None


class ZipFiles:
    """:class:`Files` in a ZIP archive, which holds whatever names there are."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._names: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write the archive's directory, and close the file."""
        self._zip.close()

    def add(self, key: str, body: bytes, *, stored: bool = False) -> None:
        """See the protocol; ``stored`` leaves the file uncompressed."""
        name = "/".join(_parts(key))
        if name in self._names:
            raise NotWritable("there is another of this name")
        try:
            name.encode()
        except UnicodeEncodeError:
            raise NotWritable("its key is not UTF-8") from None
        self._names.add(name)
        info = zipfile.ZipInfo(name, _STAMP)
        info.external_attr = 0o644 << 16
        self._zip.writestr(info, body, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)


def _parts(key: str) -> tuple[str, ...]:
    """The parts of a path that stays below where it is put.

    Raises:
        NotWritable: if it is absolute, has empty parts, or leads elsewhere: ``..`` or a zero byte.
    """
    parts = tuple(key.split("/"))
    if any(part in {"", ".", ".."} or "\x00" in part for part in parts):
        raise NotWritable("its key is no path of a file: it has empty parts, or such as `..`")
    return parts
