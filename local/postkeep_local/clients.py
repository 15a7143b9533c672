"""boto3 clients of the command line: for the local stack's emulator, or for AWS with the user's own credentials."""

from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader, create_loader

from postkeep.errors import PostkeepError


class EndpointInvalid(PostkeepError):
    """An endpoint's URL that is none."""


def make_client(
    service: str,
    endpoint_url: str | None,
    region: str | None = None,
    *,
    profile: str | None = None,
    local: bool = False,
    connections: int = 10,
) -> Any:
    """Make a client of a service.

    Args:
        service: as boto3 names it.
        endpoint_url: None for AWS's own (or what AWS_ENDPOINT_URL says).
        region: None for the configured one.
        profile: of the user's AWS configuration; None for the one that is chosen there.
        local: take the local stack's dummy credentials instead of the user's own, and no proxy.
        connections: how many threads it serves.

    Raises:
        botocore.exceptions.BotoCoreError: if the configuration is unusable: no such profile, no region.
        EndpointInvalid: if the endpoint's URL is none.
    """
    config = Config(max_pool_connections=connections, retries={"mode": "standard", "total_max_attempts": 5})
    if service == "s3":
        # Links are signed as everything else is: botocore's older kind for them works for no bucket under KMS.
        config = config.merge(Config(signature_version="s3v4"))
    if local:
        # The user's AWS_PROFILE has no say here: no variable of the environment names the profile.
        core = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        config = config.merge(Config(proxies={}))  # nor has the user's HTTP_PROXY: this is loopback
    else:
        core = botocore.session.Session()
    core.register_component("data_loader", _models())
    dummy = "test" if local else None
    session = boto3.Session(dummy, dummy, profile_name=profile, region_name=region, botocore_session=core)
    try:
        return session.client(service, endpoint_url=endpoint_url, config=config)  # type: ignore[call-overload]
    except BotoCoreError:
        raise
    except ValueError as error:  # which is what botocore makes of it
        raise EndpointInvalid(f"{endpoint_url} is no URL of an endpoint.") from error


@cache
def _models() -> Loader:
    """The descriptions of AWS's services, each read once: that is most of what making a client takes."""
    return create_loader()
