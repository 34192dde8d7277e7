"""The proof of a run: requests through the load balancer while the run changes the stack."""

from __future__ import annotations

from cosmicdeploy.probes.proof.stream import traffic
from cosmicdeploy.traffic.traffic_stats import TrafficStats

__all__ = ["TrafficStats", "traffic"]
