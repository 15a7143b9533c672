"""Which pictures the posts of a folder have, where they come from, and which are passed over by what rule.

    python bench/pictures.py [FOLDER ...] [--examples 3] [--repeated 10]

Counted is every ``img`` of every body, once for each place where it stands: as a picture of the article, by the attribute that
names it and by what holds its origin; or as none, by the rule. ``--examples`` shows some of each kind. What is on many posts is
listed (``--repeated``: at least so many): what a site puts on all its pages is no picture of an article, and rules can tell so.

By default the folder is that of the real posts, where they are at hand. The exit status is 2 if there is nothing to count.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from selectolax.lexbor import LexborNode

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # where the real posts are is told among the tests

from postkeep.errors import PostRejected  # noqa: E402 (found by the path above)
from postkeep.frontmatter import parse  # noqa: E402
from postkeep.listing import source_host  # noqa: E402
from postkeep_local.folder import PostFile, walk  # noqa: E402
from render_post import source  # noqa: E402
from render_post.clean import SILENT, Article, find_article  # noqa: E402
from render_post.origin import absolute, wrappers  # noqa: E402
from render_post.own import SCHEME  # noqa: E402
from render_post.pictures import Found, Place, emoji_of, look_at, video_still  # noqa: E402
from render_post.rendition import PictureReference, render  # noqa: E402
from render_post.rulebook import shipped  # noqa: E402
from support.corpus import CORPUS  # noqa: E402

_NOTHING = 2
"""The exit status where nothing can be counted."""


@dataclass(slots=True)
class Count:
    """What was counted.

    Attributes:
        posts: how many, those that are rejected left out.
        with_pictures: posts with a picture, stills of videos left out.
        stills: posts whose picture is the still of their video.
        kinds: pictures and what is none, by kind; see :func:`kind_of`.
        examples: some addresses of each kind.
        posts_of: the posts that an address is on.
        references: pictures of the renditions, each once in a post.
        told: of these, how many have a caption, an alternative text, so many fallbacks, a key of the archive's own.
    """

    posts: int = 0
    with_pictures: int = 0
    stills: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    posts_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    references: int = 0
    told: Counter[str] = field(default_factory=Counter)


def count(files: Iterable[tuple[str, bytes]]) -> Count:
    """Count the pictures of posts.

    Args:
        files: keys and bodies.
    """
    found = Count()
    for key, body in files:
        try:
            post = parse(body, key)
            rendered = render(post.body, post.metadata, key)
        except PostRejected:
            continue
        found.posts += 1
        pictures = rendered.pictures
        still = video_still(post.metadata.source_url)
        if pictures and pictures[0].address == still:
            found.stills += 1
            pictures = ()
        found.with_pictures += bool(pictures)
        _tell(found, pictures)
        for picture in pictures:
            found.posts_of[picture.address].add(key)
        if "<img" in post.body.lower() or "![" in post.body:
            base = post.metadata.source_url
            rules = shipped().of(source_host(base or ""), post.metadata.author)
            read = source.read(post.body.encode("utf-8", "replace").decode("utf-8").replace("\0", ""), post.metadata, key)
            for kind, example in kinds(find_article(read.html, rules, base, key), Place(base, key)):
                found.kinds[kind] += 1
                found.examples[kind].append(example)
    return found


def _tell(found: Count, pictures: Iterable[PictureReference]) -> None:
    for picture in pictures:
        found.references += 1
        found.told["with a caption"] += bool(picture.caption)
        found.told["with an alternative text"] += bool(picture.alt)
        found.told["with a key of the archive's own"] += bool(picture.own)
        found.told["that only the archive can have"] += picture.address.startswith(SCHEME)
        found.told[f"with {len(picture.fallbacks)} fallbacks"] += 1


def kinds(article: Article, place: Place) -> Iterator[tuple[str, str]]:
    """Give the kind and the address of each ``img`` of a page."""
    for node in article.page.css("img, amp-img"):
        example = node.attributes.get("src") or node.attributes.get("data-src") or ""
        link, rule = _around(node, article, place)
        if rule is not None:
            yield f"passed over: {rule or 'no content'}", example
        elif emoji_of(node.attributes):
            yield "emoji", example
        else:
            seen = look_at(node, node.attributes, place, link)
            yield (kind_of(node, seen, place), seen.address) if isinstance(seen, Found) else (f"skipped: {seen}", example)


def _around(node: LexborNode, article: Article, place: Place) -> tuple[str, str | None]:
    """The link around an element, and the rule that passes it over, if one does."""
    link, rule = "", None
    step: LexborNode | None = node
    while step is not None:
        rule = article.passed_over.get(step.mem_id, rule)
        if step.tag == "a" and not link:
            link = absolute(step.attributes.get("href") or "", place.base) or ""
        step = step.parent
    return link, rule if rule != SILENT else SILENT


def kind_of(node: LexborNode, found: Found, place: Place) -> str:
    """The attribute that names a picture, and what holds its origin."""
    if found.written:
        return f"{found.source}, the archive's own"
    held: list[str] = []
    for address in (node.attributes.get(found.source), *found.fallbacks):
        held = held or wrappers(absolute(address or "", place.base) or "")
    relative = ["relative"] if found.own else []
    return f"{found.source}, {' in '.join(reversed(held)) if held else 'direct'}{''.join(f', {word}' for word in relative)}"


def report(found: Count, examples: int, repeated: int) -> str:
    """The counts as text."""
    lines = [
        f"{found.posts:,} posts; {found.with_pictures:,} with pictures, {found.stills:,} with their video's still",
        "",
        f"{'pictures in bodies':50} {'number':>8}",
    ]
    for kind, number in sorted(found.kinds.items(), key=lambda one: (one[0].startswith(("passed", "skipped")), -one[1])):
        lines.append(f"{kind:50} {number:8,}")
        lines += [f"    {example[:120]}" for example in list(dict.fromkeys(found.examples[kind]))[:examples]]
    lines += ["", f"{'pictures of posts, each once in a post':50} {found.references:8,}"]
    lines += [f"{kind:50} {number:8,}" for kind, number in sorted(found.told.items()) if number]
    often = sorted(((len(keys), address) for address, keys in found.posts_of.items()), reverse=True)
    lines += ["", f"on {repeated} posts or more"]
    lines += [f"{number:8,}  {address}" for number, address in often if number >= repeated]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--examples", type=int, default=0)
    parser.add_argument("--repeated", type=int, default=10)
    given = parser.parse_args(argv)
    folders = given.folders or [CORPUS / "dev"]
    files = [
        (entry.key, entry.path.read_bytes())
        for folder in folders
        if folder.is_dir()
        for entry in walk(folder)
        if isinstance(entry, PostFile)
    ]
    found = count(files)
    if not found.posts:
        print("there are no posts", file=sys.stderr)
        return _NOTHING
    print(report(found, given.examples, given.repeated))
    return 0


if __name__ == "__main__":
    sys.exit(main())
