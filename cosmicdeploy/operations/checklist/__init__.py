"""The command `checklist`, for the day after a deploy.

It compares evidence from logs, tables and counters with the baseline, the same evidence as recorded
by the deploy at its start. What must hold for a release is checked by the command `verify` instead.
"""

from __future__ import annotations

from cosmicdeploy.operations.checklist.comparison import Comparison, compare, record

__all__ = ["Comparison", "compare", "record"]
