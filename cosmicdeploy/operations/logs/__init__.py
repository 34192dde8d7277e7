"""Read and follow the logs of services, merged by time."""

from __future__ import annotations

from cosmicdeploy.operations.logs.reading import LogOptions, LogReader

__all__ = ["LogOptions", "LogReader"]
