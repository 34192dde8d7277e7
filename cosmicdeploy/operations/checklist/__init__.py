"""The checklist of the day after a deploy: evidence from logs, tables and counters, beside what the
deploy recorded of the time before it."""

from __future__ import annotations

from cosmicdeploy.operations.checklist.run import Checklist, checklist, record

__all__ = ["Checklist", "checklist", "record"]
