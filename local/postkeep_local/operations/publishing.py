"""Rules of an archive's own: what is published, and publishing more, less, or what was published before."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from postkeep.errors import ObjectChanged, ObjectMissing, ObjectTooLarge, PostkeepError, RulesInvalid
from postkeep.ports import ObjectStore
from render_post.bundle import CURRENT, HISTORY, MAX_BYTES, TESTS, Bundle, check, version_key
from render_post.rulebook import RuleBook

NOTHING = Bundle(version=0, published=datetime.min.replace(tzinfo=UTC))
"""Version 0: the rules that ship, alone."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force.

    Attributes:
        bundle: :data:`NOTHING` where nothing is published, or it cannot be read.
        etag: of the object; None where there is none.
        problem: why it cannot be read; None where it can.
    """

    bundle: Bundle = NOTHING
    etag: str | None = None
    problem: PostkeepError | None = None

    @property
    def sound(self) -> Bundle:
        """What is published.

        Raises:
            RulesInvalid: if it cannot be read.
            ObjectTooLarge: likewise.
        """
        if self.problem:
            raise self.problem
        return self.bundle


@dataclass(frozen=True, slots=True)
class Change:
    """What a publication does to the files, by their names.

    Attributes:
        files: the texts of all that are published then.
        new: were not there.
        changed: were otherwise.
        removed: are no more.
    """

    files: Mapping[str, str]
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return bool(self.new or self.changed or self.removed)

    @classmethod
    def between(cls, before: Mapping[str, str], after: Mapping[str, str]) -> "Change":
        """What leads from some files to others."""
        return cls(
            files=after,
            new=tuple(sorted(set(after) - set(before))),
            changed=tuple(sorted(name for name in set(after) & set(before) if after[name] != before[name])),
            removed=tuple(sorted(set(before) - set(after))),
        )


@dataclass(frozen=True, slots=True)
class Publishing:
    """The use case and what it works on.

    Attributes:
        archive: the archive bucket.
        now: the clock (aware, UTC).
    """

    archive: ObjectStore
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def standing(self) -> Standing:
        """What is in force now."""
        try:
            stored = self.archive.get(CURRENT, limit=MAX_BYTES)
        except ObjectMissing:
            return Standing()
        except ObjectTooLarge as problem:
            return Standing(etag=next((e.etag for e in self.archive.page(CURRENT, limit=1).objects), None), problem=problem)
        try:
            return Standing(Bundle.decode(stored.body, CURRENT), stored.etag)
        except RulesInvalid as problem:
            return Standing(etag=stored.etag, problem=problem)

    def versions(self) -> list[int]:
        """The versions that are kept, the latest first."""
        names = (key.removeprefix(HISTORY).removesuffix(".json") for key in self.archive.keys(HISTORY))
        return sorted((int(name) for name in names if name.isdecimal()), reverse=True)

    def version(self, number: int) -> Bundle:
        """What was published as a version; 0 is what ships.

        Raises:
            RulesInvalid: if there is none, or it cannot be read.
        """
        if number == 0:
            return NOTHING
        key = version_key(number)
        try:
            return Bundle.decode(self.archive.get(key, limit=MAX_BYTES).body, key)
        except ObjectMissing:
            raise RulesInvalid(
                f"version {number}", "it was never published; `postkeep rules list` tells those that were"
            ) from None
        except ObjectTooLarge as problem:
            raise RulesInvalid(key, str(problem)) from None

    def change(
        self, standing: Standing, given: Mapping[str, str], remove: Iterable[str] = (), *, replace_all: bool = False
    ) -> Change:
        """What publishing files would change.

        Args:
            standing: what is in force.
            given: the texts of files to add, or to put in the place of those of the same names.
            remove: names of files to leave out.
            replace_all: whether all that are in force are left out.

        Raises:
            RulesInvalid: if one of the files cannot be used, one to be removed is not there, or what is in force cannot be read.
            ObjectTooLarge: likewise the last.
        """
        before = standing.bundle.files if replace_all else standing.sound.files
        kept = {} if replace_all else dict(before)
        for name in remove:
            if name not in before or name in given:
                raise RulesInvalid(name, "it is to be removed, and is " + ("given as well" if name in given else "not published"))
            kept.pop(name, None)
        after = kept | dict(given)
        check(after)
        return Change.between(before, after)

    def publish(self, standing: Standing, files: Mapping[str, str], note: str, number: int | None = None) -> Bundle:
        """Publish files as a new version.

        The version is kept first, under a name that nobody else can take; then what is in force is replaced, if it still is
        what was read. A version that came no further than that was never in force, and its number is not given again.

        Args:
            standing: what is in force, as it was read; the files were chosen by it.
            files: the texts of all files.
            note: what is said of it.
            number: the version's; None for the next one.

        Raises:
            RulesInvalid: if a file cannot be used, or they are too many or too large, or the number is too small or too great.
            ObjectChanged: if somebody else published meanwhile; nothing is in force that was not before.
        """
        check(files)
        last = max([standing.bundle.version, *self.versions()[:1]])
        if number is not None and number <= last:
            raise RulesInvalid(f"version {number}", f"it is not above {last}, which there is already")
        bundle = Bundle(version=number or last + 1, published=self.now(), note=note, files=files)
        body = bundle.encode()
        self._swap(version_key(bundle.version), body, None)
        self._swap(CURRENT, body, standing.etag)
        return bundle

    def _swap(self, key: str, body: bytes, replacing: str | None) -> None:
        try:
            self.archive.swap(key, body, replacing=replacing)
        except ObjectChanged:
            # A write whose answer was lost is tried again by botocore, and then meets itself.
            if not self._is(key, body):
                raise

    def _is(self, key: str, body: bytes) -> bool:
        try:
            return self.archive.get(key, limit=len(body)).body == body
        except (ObjectMissing, ObjectTooLarge):
            return False


def book_of(files: Mapping[str, str]) -> RuleBook:
    """The rules as they would be with these files published, and no others.

    Raises:
        RulesInvalid: if a file cannot be used.
    """
    check(files)
    return Bundle(version=1, published=NOTHING.published, files=files).book()


def read_files(paths: Iterable[Path]) -> dict[str, str]:
    """The texts of files by their names; tests beside rules are passed over.

    Raises:
        RulesInvalid: if one cannot be read, is too large or not UTF-8, or two have one name.
    """
    found: dict[str, str] = {}
    for path in paths:
        if path.name.endswith(TESTS):
            continue
        if path.name in found:
            raise RulesInvalid(path.name, "two files of this name are given")
        found[path.name] = read_text(path)
    return found


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """A file's text.

    Raises:
        RulesInvalid: if it cannot be read, has more than ``limit`` bytes, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            body = file.read(limit + 1)
    except OSError as error:
        raise RulesInvalid(path.name, error.strerror or str(error)) from None
    if len(body) > limit:
        raise RulesInvalid(path.name, f"it has more than {limit:,} bytes")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise RulesInvalid(path.name, f"it is not UTF-8 (byte {error.start})") from None
