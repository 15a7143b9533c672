"""Deploying the template to the emulator by CloudFormation, and learning what came of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from postkeep_local.stack.emulator import Clients
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.template import PROXY_VARIABLE

STACK = "postkeep"
_DEPLOY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """A function as the emulator knows it.

    Attributes:
        name: the logical id.
        physical_name: the name that events and invocations come with.
        arn: its ARN, without a version.
        variables: its environment, with every reference resolved.
        on_failure: the URL of the queue for asynchronous events that failed for good, or "".
    """

    name: str
    physical_name: str
    arn: str
    variables: Mapping[str, str]
    on_failure: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the stack consists of, by logical ids.

    Attributes:
        functions: the functions.
        buckets: names.
        queues: URLs.
        tables: names.
        mappings: the ids of the event source mappings.
    """

    functions: Mapping[str, DeployedFunction]
    buckets: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    mappings: tuple[str, ...] = ()


def deploy(clients: Clients, template: str, parameters: Mapping[str, str]) -> None:
    """Create the stack, or bring the one that is there up to date.

    Args:
        clients: of the emulator.
        template: as :meth:`postkeep_local.stack.template.BuiltTemplate.for_emulator` gives it.
        parameters: the template's parameters.

    Raises:
        StackFailed: if CloudFormation refuses it, with the reasons that it gives.
    """
    cloudformation = clients.cloudformation
    try:
        cloudformation.describe_stacks(StackName=STACK)
        exists = True
    except ClientError:
        exists = False
    try:
        (cloudformation.update_stack if exists else cloudformation.create_stack)(
            StackName=STACK,
            TemplateBody=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        message = error.response["Error"].get("Message", "")
        if "No updates" in message:
            return
        raise StackFailed(f"CloudFormation refuses the template: {message}") from error
    _await_completion(clients)


def _await_completion(clients: Clients) -> None:
    deadline = time.monotonic() + _DEPLOY_SECONDS
    status = "IN_PROGRESS"
    while status.endswith("IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise StackFailed(f"the deployment is still {status} after {_DEPLOY_SECONDS:g} s")
        time.sleep(0.05)
        status = clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        events = clients.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        reasons = [
            f"{event.get('LogicalResourceId')}: {event['ResourceStatusReason']}"
            for event in events
            if "FAILED" in event.get("ResourceStatus", "") and "ResourceStatusReason" in event
        ]
        raise StackFailed(f"the deployment ended as {status}", "\n".join(reasons))


def describe(clients: Clients) -> Deployment:
    """What the stack consists of."""
    by_type: dict[str, dict[str, str]] = {}
    for resource in clients.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]:
        by_type.setdefault(resource["ResourceType"], {})[resource["LogicalResourceId"]] = resource["PhysicalResourceId"]
    queues = by_type.get("AWS::SQS::Queue", {})
    return Deployment(
        functions={
            name: _function(clients, name, physical, queues)
            for name, physical in by_type.get("AWS::Lambda::Function", {}).items()
        },
        buckets=by_type.get("AWS::S3::Bucket", {}),
        queues=queues,
        tables=by_type.get("AWS::DynamoDB::Table", {}),
        mappings=tuple(by_type.get("AWS::Lambda::EventSourceMapping", {}).values()),
    )


def _function(clients: Clients, name: str, physical: str, queues: Mapping[str, str]) -> DeployedFunction:
    configuration = clients.functions.get_function_configuration(FunctionName=physical)
    variables = dict(configuration.get("Environment", {}).get("Variables", {}))
    variables.pop(PROXY_VARIABLE, None)
    return DeployedFunction(
        name=name,
        physical_name=physical,
        arn=configuration["FunctionArn"],
        variables=variables,
        on_failure=_on_failure(clients, physical, queues),
    )


def _on_failure(clients: Clients, physical: str, queues: Mapping[str, str]) -> str:
    try:
        configuration = clients.functions.get_function_event_invoke_config(FunctionName=physical, Qualifier="$LATEST")
    except ClientError as error:
        if error.response["Error"].get("Code") != "ResourceNotFoundException":
            raise
        return ""
    arn = configuration.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    return next((url for url in queues.values() if arn and url.endswith("/" + arn.rsplit(":", 1)[-1])), "")


def set_polling(clients: Clients, deployment: Deployment, *, enabled: bool) -> None:
    """Have the queues read, or not."""
    for mapping in deployment.mappings:
        clients.functions.update_event_source_mapping(UUID=mapping, Enabled=enabled)


def polled(clients: Clients) -> set[str]:
    """The names of the queues that functions read."""
    mappings = clients.functions.list_event_source_mappings()["EventSourceMappings"]
    return {mapping["EventSourceArn"].rsplit(":", 1)[-1] for mapping in mappings}
