"""What became of a post file, held to what a record can say of it."""

import json

from postkeep.aws.items import post_item
from postkeep.errors import PostRejected
from postkeep.frontmatter import ParsedPost
from postkeep.listing import listings
from postkeep.post import Post, Revision, Status
from support.posts import EPOCH


def assert_told(found: ParsedPost | PostRejected) -> None:
    """That a record can say what became of a file."""
    if isinstance(found, PostRejected):
        assert found.reason
        assert found.detail.encode()
        assert len(found.detail) < 400
    else:
        assert_recordable(found)


def assert_recordable(found: ParsedPost) -> None:
    """That JSON, UTF-8 and DynamoDB hold what was found, with room for what render adds."""
    written = json.dumps(found.metadata.extra, ensure_ascii=False)
    meta = found.metadata
    for text in (written, meta.title, meta.author, meta.source_url or "", *meta.tags, *meta.categories, *found.warnings):
        assert text.encode().decode() == text
    post = Post(
        key="a.md",
        status=Status.PENDING,
        revision=Revision(),
        generation=1,
        added=EPOCH,
        changed=EPOCH,
        metadata=meta,
        warnings=found.warnings,
    )
    # UTF-8 lengths, as DynamoDB counts them; the typed form adds some, so that this is no less than the item's size.
    assert len(json.dumps(post_item(post), ensure_ascii=False).encode()) < 390_000
    assert all(len(listing.encode()) < 1_000 for listing in listings(post))
