"""The timings of a rollout among a step's facts, and the names that earlier versions gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The key of a step's `facts` that holds the timings.
TIMINGS = "timings"
FORMER_TIMINGS = "roll"
# The phases that other code looks for; `steps/rollout/replacement/timings.py` explains them.
CREATE, DRAIN, START, HEALTHY = "create", "drain", "start", "healthy"
PASSES, IN_SERVICE = "passes", "in service"
# Phases of a run that are not among a rollout's timings. `NEVER_READY`: the new container did not
# become ready before the wait ended. `UNDO`: the former container is put back.
NEVER_READY, UNDO = "never ready", "undo"
# Former name → present name. If several phases now share a name, their seconds are added up.
RENAMED: Mapping[str, str] = {"taken out": DRAIN, "served": IN_SERVICE}


def current_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Return a step's facts with the present names of the timings and of their phases.

    A part that does not have the form of timings stays as it is.
    """
    if FORMER_TIMINGS not in facts:
        return facts
    others = {name: value for name, value in facts.items() if name != FORMER_TIMINGS}
    return {TIMINGS: _current_timings(facts[FORMER_TIMINGS]), **others}


def _current_timings(timings: Any) -> Any:
    services = timings.get("services") if isinstance(timings, dict) else None
    if not isinstance(services, dict):
        return timings
    return {**timings, "services": {name: _current(own) for name, own in services.items()}}


def _current(phases: Any) -> Any:
    if not isinstance(phases, dict) or not all(
        isinstance(seconds, int | float) for seconds in phases.values()
    ):
        return phases
    current: dict[str, float] = {}
    for phase, seconds in phases.items():
        name = RENAMED.get(phase, phase)
        current[name] = current.get(name, 0.0) + seconds
    return current
