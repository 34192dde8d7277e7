"""Control the load balancer: who gets requests, drain replicas, what its configuration lacks."""

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.proxy.kept_out import to_record
from cosmicdeploy.proxy.load_balancer import Configuration, LoadBalancer, Traffic
from cosmicdeploy.proxy.recognition import declared_load_balancer, load_balancer
from cosmicdeploy.proxy.stop_signals import ignores_stop_signal

__all__ = [
    "Configuration",
    "LoadBalancer",
    "Traffic",
    "declared_load_balancer",
    "ignores_stop_signal",
    "load_balancer",
    "out_of_service",
    "put_in_service",
    "servers_out_before",
]


def out_of_service(ctx: Context) -> list[str]:
    """Return the replicas that a run has taken out of the load balancer's service."""
    return load_balancer(ctx).out_of_service()


def put_in_service(ctx: Context, service: str) -> None:
    """Let the load balancer send requests to a replica again. Raises `EngineError`."""
    load_balancer(ctx).put_in_service(service)


def servers_out_before(ctx: Context) -> dict[str, list[str]]:
    """Return what a step records in its `before` about the servers to keep out of service.

    `before` is the journal's record of the state before the step. Empty if there are no such
    servers, or if the load balancer does not say.
    """
    try:
        return to_record(ctx, load_balancer(ctx).servers_out())
    except EngineUnavailable:
        raise
    except (ConfigError, EngineError):
        return {}
