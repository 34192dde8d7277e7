"""The load balancer in front of the replicas: whom it reaches, and whom it shall not."""

from cosmicdeploy.proxy.drain import (
    can_take_out,
    find_flag,
    pass_over,
    take_in,
    take_out,
    taken_out,
)
from cosmicdeploy.proxy.kernel.connections import served
from cosmicdeploy.proxy.nginx.fail_timeout import BY_DEFAULT, Treatment, treatments
from cosmicdeploy.proxy.nginx.follow import follow, forget, renew
from cosmicdeploy.proxy.routing import SECONDS_A_TURN, not_reached
from cosmicdeploy.proxy.stop_signals import ignores_stop

__all__ = [
    "BY_DEFAULT",
    "SECONDS_A_TURN",
    "Treatment",
    "can_take_out",
    "find_flag",
    "follow",
    "forget",
    "ignores_stop",
    "not_reached",
    "pass_over",
    "renew",
    "served",
    "take_in",
    "take_out",
    "taken_out",
    "treatments",
]
