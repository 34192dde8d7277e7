"""Control the load balancer: who gets requests, drain replicas, what its configuration lacks."""

from cosmicdeploy.context.context import Context
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
]


def out_of_service(ctx: Context) -> list[str]:
    """Return the replicas that a run has taken out of the load balancer's service."""
    return load_balancer(ctx).out_of_service()


def put_in_service(ctx: Context, service: str) -> None:
    """Let the load balancer send requests to a replica again. Raises `EngineError`."""
    load_balancer(ctx).put_in_service(service)
