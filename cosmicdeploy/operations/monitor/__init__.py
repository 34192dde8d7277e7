"""The command `monitor`: collect events from several sources, and merge them into one stream."""

from __future__ import annotations

from cosmicdeploy.operations.monitor.stream import MonitorOptions, Stream

__all__ = ["MonitorOptions", "Stream"]
