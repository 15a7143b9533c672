"""What all tests share: no AWS but a fake one, no real credentials, the hypothesis profiles."""

import functools
import os

import pytest
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


# Each test makes clients anew, and each session reads the services' models anew: half of the time of the tests on moto.
_read = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
JSONFileLoader.load_file = lambda _, file_path: _read(file_path)  # type: ignore[method-assign, assignment]


_LONG = ("test_documents.py", "test_readme.py", "test_convergence.py", "test_first_hour.py", "test_faults.py")
"""The longest files, the longest first: a minute and more each."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that in the end no worker is left alone with it; files stay together.

    What brings stacks up follows at once: it waits as much as it computes, and leaves the processor to another worker.
    """
    stacks = {item.path for item in items if item.get_closest_marker("stack")}
    items.sort(key=lambda item: (_LONG.index(item.path.name) if item.path.name in _LONG else len(_LONG), item.path not in stacks))
