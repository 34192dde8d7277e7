"""The proof: requests through the load balancer while something changes behind it."""

from __future__ import annotations

from cosmicdeploy.probes.proof.stream import traffic
from cosmicdeploy.traffic.request_stats import TrafficStats

__all__ = ["TrafficStats", "traffic"]
