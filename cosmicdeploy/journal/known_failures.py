"""What did not work when a run began, so that the run is not blamed for it.

A deploy may be the fix: the release that it replaces need not work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class KnownFailures:
    """Services and verification points that did not work, each with the reason.

    The first record of a run holds them, so that a run that resumes it knows what worked before
    both.
    """

    services: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the failures in `state`, the state that a run's first record holds.

        Empty if an earlier version wrote the record. Ignores keys that a later version added.
        """
        recorded = state.get("known_failures", {})
        return cls(services=recorded.get("services", {}), points=recorded.get("points", {}))

    def __bool__(self) -> bool:
        return bool(self.services or self.points)

    def as_json(self) -> dict[str, Any]:
        """Return the failures in the form in which the journal stores them."""
        return asdict(self)

    def description(self) -> str:
        """Return all failures as one line of text; "" if there are none."""
        services = [f"{name} ({why})" for name, why in self.services.items()]
        points = [f"{point} of verify ({why})" for point, why in self.points.items()]
        return ", ".join([*services, *points])
