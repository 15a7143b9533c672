"""query: requests of the HTTP API."""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from postkeep.observability import count, logger, metrics
from postkeep.settings import ApiSettings
from postkeep.web.access import Access
from postkeep.web.delivery import Delivery
from query_posts.routes import application
from query_posts.text_routes import RANGE_HEADERS


@cache
def app() -> Delivery:
    """The API: made once in a function's life."""
    api = ApiSettings.from_env()
    return Delivery(application(), Access.of(api), api.cors_origin, RANGE_HEADERS)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Answer a request."""
    count("ApiRequests")
    return app()(event)
