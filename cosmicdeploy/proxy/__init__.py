"""The load balancer in front of the replicas: whom it reaches, and whom it shall not."""

from cosmicdeploy.proxy.asking import SECONDS_A_TURN, not_reached
from cosmicdeploy.proxy.connections import served
from cosmicdeploy.proxy.fail_timeout import BY_DEFAULT, Treatment, treatments
from cosmicdeploy.proxy.follow import follow, forget, renew
from cosmicdeploy.proxy.signals import ignores_stop
from cosmicdeploy.proxy.take_out import (
    can_take_out,
    find_flag,
    pass_over,
    take_in,
    take_out,
    taken_out,
)

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
