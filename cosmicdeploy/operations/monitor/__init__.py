"""The monitor: all collectors at work, and their events in one stream."""

from __future__ import annotations

from cosmicdeploy.operations.monitor.stream import MonitorOptions, Stream

__all__ = ["MonitorOptions", "Stream"]
