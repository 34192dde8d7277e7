"""The stack, watched as it lives: every collector at work, and what they saw in one stream."""

from __future__ import annotations

from cosmicdeploy.operations.monitor.stream import Stream, Wanted

__all__ = ["Stream", "Wanted"]
