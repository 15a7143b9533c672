"""The logger, the tracer and the metrics that all functions share, from Powertools.

Their settings are the standard variables that the template declares (``POWERTOOLS_SERVICE_NAME``,
``POWERTOOLS_METRICS_NAMESPACE``, ``POWERTOOLS_LOG_LEVEL``). Logs carry ids, counts and reasons; never bodies, never
whole events.
"""

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(utc=True)
# X-Ray's patching imports every client library that it knows; the AWS SDK is the only one whose calls are worth a segment.
tracer = Tracer(patch_modules=("botocore",))
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Add to a metric that counts, such as ``PostsRejected``."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
