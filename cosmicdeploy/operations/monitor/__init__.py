"""The monitor: runs collectors and merges their events into one stream."""

from __future__ import annotations

from cosmicdeploy.operations.monitor.stream import MonitorOptions, Stream

__all__ = ["MonitorOptions", "Stream"]
