"""The command `checklist`, for the day after a deploy.

It compares evidence from logs, tables and counters with the baseline, which the deploy recorded
before its first change. The points of a release are the verification's (`verify`).
"""

from __future__ import annotations

from cosmicdeploy.operations.checklist.comparison import Comparison, compare, record

__all__ = ["Comparison", "compare", "record"]
