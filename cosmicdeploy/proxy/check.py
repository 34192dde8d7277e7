"""The verification point `proxy`: the load balancer finds every replica and loses no request."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.proxy.recognition import load_balancer


def proxy(ctx: Context) -> CheckResult:
    """Check that the load balancer would start with its present files, and knows the replicas."""
    return load_balancer(ctx).check()
