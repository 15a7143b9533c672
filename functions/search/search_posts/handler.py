"""search: the index, of which each process keeps a copy, searched."""

import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.utilities.typing import LambdaContext

from postkeep.aws.s3 import Bucket
from postkeep.observability import count, logger, metrics, tracer
from postkeep.settings import SearchSettings
from search_posts.engine import Index
from search_posts.engines import Tantivy
from search_posts.shelf import Shelf
from search_posts.store import IndexStore


@cache
def wiring() -> Shelf[Index]:
    """The reader with its adapters: made once in a function's life, with a folder of its own."""
    settings = SearchSettings.from_env()
    return Shelf(
        IndexStore(Bucket(settings.archive_bucket), lambda: uuid4().hex),
        Tantivy(),
        Path(tempfile.mkdtemp(prefix="postkeep-search-")),
        space=settings.space,
        now=lambda: datetime.now(UTC),
        told=_not_read,
    )


def _not_read(error: Exception) -> None:
    logger.error("the newest index cannot be read", exc_info=error)
    count("SearchIndexNotRead")


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Say what there is to search in; it also warms the copy."""
    del event, context
    opened = wiring().open()
    count("SearchCopiesWarmed")
    return {"posts": opened.manifest.posts, "version": opened.manifest.version, "segments": len(opened.segments)}
