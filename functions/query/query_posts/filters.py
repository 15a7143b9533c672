"""The filters of the listing, in one table: what is added to it is a parameter of the API, is documented there, and works."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from postkeep.listing import MAX_VALUES, source_host
from postkeep.post import Post

_LONGEST = 512
"""Characters of a value."""


def _as_it_is(value: str) -> str:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A filter.

    Attributes:
        name: of the parameter; where the filter has a listing, also of its kind (see :data:`postkeep.listing.INDEXES`).
        description: for the reader of the API's description.
        test: whether a post is asked for, given the value in its normal form.
        normal: the normal form of a value.
        counted: where the filter has a listing, the kind of counts that tells how long it is (see :data:`postkeep.counts.KINDS`);
            "" where there is no such listing, and other listings have to be sifted.
        flag: whether the parameter is true or false; its normal form is ``true`` or ``false``.
        empty: whether posts can have "" as their value.
    """

    name: str
    description: str
    test: Callable[[Post, str], bool]
    normal: Callable[[str], str] = _as_it_is
    counted: str = ""
    flag: bool = False
    empty: bool = False

    @property
    def type(self) -> Any:
        """The type of the parameter's values."""
        if self.flag:
            return Annotated[bool, Meta(description=self.description)]
        least = 0 if self.empty else 1
        return Annotated[str, Meta(min_length=least, max_length=_LONGEST, description=self.description)]


def _has_image(post: Post) -> bool:
    return bool(post.rendition and post.rendition.pictures)


def _speaks(post: Post, wanted: str) -> bool:
    """Basic filtering of language tags (RFC 4647, 3.3.1): ``zh`` is ``zh-hant`` too."""
    language = post.rendition.language.lower() if post.rendition else "und"
    return language == wanted or language.startswith(f"{wanted}-")


FILTERS: Mapping[str, Filter] = {
    entry.name: entry
    for entry in (
        Filter(
            name="author",
            description="The author's name, as it is shown.",
            test=lambda post, value: post.metadata.author == value,
            counted="authors",
        ),
        Filter(
            name="tag",
            description="A tag, as it is shown.",
            # As many as are listed, so that the answer is the same whichever listing is read.
            test=lambda post, value: value in post.metadata.tags[:MAX_VALUES],
            counted="tags",
        ),
        Filter(
            name="category",
            description="A category, as it is shown.",
            test=lambda post, value: value in post.metadata.categories[:MAX_VALUES],
            counted="categories",
        ),
        Filter(
            name="host",
            description="The host of the article's own address; `www.` makes no difference.",
            test=lambda post, value: source_host(post.metadata.source_url or "") == value,
            normal=lambda value: value.strip().lower().removeprefix("www."),
            counted="hosts",
        ),
        Filter(
            name="archive",
            description="The archive's name: the folders that its posts lie under; empty for the bucket's root.",
            test=lambda post, value: post.archive == value,
            counted="archives",
            empty=True,
        ),
        Filter(
            name="language",
            description="A BCP 47 tag: `zh-Hant`, or `zh` for all that begin with it. A post has one once its text is made.",
            test=_speaks,
            normal=lambda value: value.strip().lower(),
        ),
        Filter(
            name="has_image",
            description="Whether the text has pictures.",
            test=lambda post, value: _has_image(post) is (value == "true"),
            flag=True,
        ),
    )
}
"""By name. Those with listings come the more selective first, as they mostly are: it decides where nothing is counted."""


def normal(name: str, value: str | bool) -> str:  # noqa: FBT001 (a parameter's value)
    """The normal form of a parameter's value.

    Where nothing would be left, as of a space, it is the value: no post has it, while posts without a host have "".
    """
    if isinstance(value, bool):
        return str(value).lower()
    return FILTERS[name].normal(value) or value
