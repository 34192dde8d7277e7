"""Bound what a summary holds, and mask secrets in it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from cosmicdeploy.runs.summary.secrets import masked
from cosmicdeploy.text.shorten import PARAGRAPH, cut

# What is nested more deeply is not recorded.
LEVELS = 8
TOO_DEEP = "… (nested too deeply)"
# A text is cut to this length before its secrets are masked, so that a text of megabytes takes no
# time, and to `PARAGRAPH` characters after that, so that no secret is cut in two.
LONGEST = 20_000
# The largest size of the facts of one step, and of a whole summary, as JSON.
FACTS_CHARACTERS = 6000
SUMMARY_BYTES = 64_000
# The parts of a summary, in the order in which they are left out if it is too long.
LARGE_PARTS = (
    "phases", "series", "facts", "points", "steps", "warnings", "requests", "gaps",
    "maintenance", "restarts", "releases", "error",
)  # fmt: skip


def bounded(value: Any, secrets: Sequence[str] = (), levels: int = LEVELS) -> Any:
    """Return a value as JSON; secrets in texts are masked, and long texts are cut.

    A number that is not finite becomes null. `bounded_facts` and `fitted` limit the total size.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _parts(value, secrets, levels - 1) if levels else TOO_DEEP
    return cut(masked(cut(str(value), LONGEST), secrets), PARAGRAPH)


def _parts(value: Any, secrets: Sequence[str], levels: int) -> Any:
    if isinstance(value, Mapping):
        return {str(key): bounded(each, secrets, levels) for key, each in value.items()}
    return [bounded(each, secrets, levels) for each in value]


def bounded_facts(facts: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """Return a step's facts, bounded; if they are too long, only the number of their characters."""
    own: dict[str, Any] = bounded(facts, secrets)
    size = len(_json(own))
    return own if size <= FACTS_CHARACTERS else {"left_out_characters": size}


def fitted(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the summary; leave out large parts until it fits, and name these in `left_out`."""
    left_out: list[str] = list(summary.get("left_out", ()))
    for part in LARGE_PARTS:
        if len(_json(summary).encode(errors="replace")) <= SUMMARY_BYTES:
            break
        if smaller := _without(summary, part):
            left_out.append(part)
            summary = {**smaller, "left_out": left_out}
    return summary


def _without(summary: dict[str, Any], part: str) -> dict[str, Any] | None:
    """Return the summary without a part; None if it does not have the part.

    The part "facts" is those of all steps.
    """
    if part == "facts" and (steps := summary.get("steps")):
        return {**summary, "steps": [{**step, "facts": {}} for step in steps]}
    if not summary.get(part):
        return None
    return {name: value for name, value in summary.items() if name != part}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
