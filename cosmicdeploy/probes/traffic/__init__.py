"""The proof: requests through the load balancer while something changes behind it."""

from __future__ import annotations

from cosmicdeploy.probes.traffic.stream import traffic
from cosmicdeploy.tally import Traffic

__all__ = ["Traffic", "traffic"]
