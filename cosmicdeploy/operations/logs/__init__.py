"""The services' logs: past lines and new ones, merged by time."""

from __future__ import annotations

from cosmicdeploy.operations.logs.reading import LogOptions, Reading

__all__ = ["LogOptions", "Reading"]
