"""What all tests share: no AWS but a fake one, no real credentials, the hypothesis profiles."""

import functools
import os

from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

# No deadlines: they would time the machine. CI draws the same examples every time.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "Postkeep",
    "POWERTOOLS_SERVICE_NAME": "tests",
}
# Powertools reads some of these when it is imported, which is before any fixture runs.
os.environ.update(_ENVIRONMENT)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)


# Each test makes clients anew, and each session reads the services' models anew: a fifth of the time of the tests on moto.
_read = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
JSONFileLoader.load_file = lambda _, file_path: _read(file_path)  # type: ignore[method-assign, assignment]
