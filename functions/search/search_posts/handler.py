"""search: the index, of which each process keeps a copy, searched."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from postkeep.aws.s3 import Bucket
from postkeep.observability import count, logger, metrics
from postkeep.settings import SearchSettings
from postkeep.web.access import Access
from postkeep.web.cursor import Cursors
from postkeep.web.delivery import Delivery
from postkeep.web.routing import Router
from search_posts.engine import Index
from search_posts.engines import Tantivy
from search_posts.routes import Sources, add_search
from search_posts.shelf import Shelf
from search_posts.store import IndexStore
from search_posts.working import SEARCHING, clear, own_folder


@cache
def wiring() -> Shelf[Index]:
    """The reader with its adapters: made once in a function's life, with a folder of its own."""
    settings = SearchSettings.from_env()
    clear(SEARCHING)
    return Shelf(
        IndexStore(Bucket(settings.archive_bucket), lambda: uuid4().hex),
        Tantivy(),
        own_folder(),
        space=settings.space,
        now=_now,
        told=_not_read,
    )


@cache
def app() -> Delivery:
    """The API's part: made once in a function's life."""
    api = SearchSettings.from_env().api
    cursors = Cursors(api.cursor_key, _now)
    routes = Router([lambda router: add_search(router, lambda: Sources(wiring().open, cursors))])
    return Delivery(routes, Access.of(api), api.cors_origin)


def _now() -> datetime:
    return datetime.now(UTC)


def _not_read(error: Exception) -> None:
    logger.error("the newest index cannot be read", exc_info=error)
    count("SearchIndexNotRead")


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Answer a request."""
    count("ApiRequests")
    return app()(event)
