"""The logger and the metrics that all functions share, from Powertools.

Their settings are the standard variables that the template declares (``POWERTOOLS_SERVICE_NAME``,
``POWERTOOLS_METRICS_NAMESPACE``, ``POWERTOOLS_LOG_LEVEL``). Logs carry ids, counts and reasons; never bodies, never
whole events. There is no tracer: the X-Ray SDK takes 130 ms of every cold start, and is itself no longer developed.
"""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(utc=True)
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Add to a metric that counts, such as ``PostsRejected``."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
