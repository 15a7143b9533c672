"""The adapters: the only modules of the functions that import boto3, one a service.

Which AWS they talk to is the SDK's own configuration (``AWS_ENDPOINT_URL`` and the usual variables): nothing here knows
whether it runs on AWS, in a container or on one machine.
"""
