"""A post as people name it, found through the API."""

import re
from dataclasses import dataclass

from postkeep.post import SUFFIXES, is_post_id, is_post_key, post_id
from postkeep_local.api import Api, ApiUnusable
from postkeep_local.folder import printable

_WEB = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A post.

    Attributes:
        id: its id.
        others: how many other posts are of the same article, where it was named by its address.
    """

    id: str
    others: int = 0


def find(api: Api, name: str) -> Found:
    """Find a post. That it is there is only known where it is named by an address.

    Args:
        api: which to ask.
        name: a key, an id, or an article's address, however it is written; the newest post of that article is meant.

    Raises:
        ValueError: if it is none of these.
        ApiProblem: if no post is of this article; and as :class:`Api` raises it.
        ApiUnusable: as :class:`Api` raises it.
    """
    if _WEB.match(name):
        return _of_article(api, name)
    if is_post_id(name):
        return Found(name)
    if not is_post_key(name):
        raise ValueError(f"{printable(name)} is no key (they end in {', '.join(SUFFIXES)}), no id and no address.")
    return Found(post_id(name))


def _of_article(api: Api, url: str) -> Found:
    post = api.value("/posts/by-url", {"url": url})
    found = post.get("id")
    if not isinstance(found, str) or not is_post_id(found):
        raise ApiUnusable("The API gives a post without an id.")
    return Found(found, len(api.listed(post, "others")))
