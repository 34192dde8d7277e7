"""The command `checklist`, for the day after a deploy.

The command compares evidence from logs, tables and counters with the baseline: the same evidence,
recorded when the deploy began. The command `verify` checks what must hold for a release.
"""

from __future__ import annotations

from cosmicdeploy.operations.checklist.comparison import Comparison, compare, record

__all__ = ["Comparison", "compare", "record"]
