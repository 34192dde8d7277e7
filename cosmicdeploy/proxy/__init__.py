"""Control the load balancer: drain replicas, reload nginx, find which replicas get requests."""

from cosmicdeploy.proxy.drain import (
    drain,
    drainable,
    locate_flag_file,
    out_of_service,
    put_in_service,
    take_out_of_service,
)
from cosmicdeploy.proxy.kernel.connections import is_reached
from cosmicdeploy.proxy.nginx.moves import may_need_reload
from cosmicdeploy.proxy.nginx.stale_names import (
    reload_if_ambiguous,
    reload_if_older,
    reload_if_stale,
)
from cosmicdeploy.proxy.nginx.upstream_policy import (
    DEFAULT_POLICY,
    UpstreamPolicy,
    upstream_policies,
)
from cosmicdeploy.proxy.probe_requests import SECONDS_PER_TURN, unreached
from cosmicdeploy.proxy.stop_signals import ignores_stop_signal

__all__ = [
    "DEFAULT_POLICY",
    "SECONDS_PER_TURN",
    "UpstreamPolicy",
    "drain",
    "drainable",
    "ignores_stop_signal",
    "is_reached",
    "locate_flag_file",
    "may_need_reload",
    "out_of_service",
    "put_in_service",
    "reload_if_ambiguous",
    "reload_if_older",
    "reload_if_stale",
    "take_out_of_service",
    "unreached",
    "upstream_policies",
]
