"""What did not work when a run began: a deploy may be the fix, so it is not demanded of the old
release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class KnownFailures:
    """Services and points of the verification that did not work, each with what was found.

    They are journalled in the run's first record, so that a run that goes on from a killed one
    knows what worked before both.
    """

    services: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Those of the state that a run found; none where an older version journalled it. What a
        later version adds to them is left out."""
        found = state.get("known_failures", {})
        return cls(services=found.get("services", {}), points=found.get("points", {}))

    def __bool__(self) -> bool:
        return bool(self.services or self.points)

    def as_json(self) -> dict[str, Any]:
        """For the journal."""
        return asdict(self)

    def description(self) -> str:
        """All of them for people; "" where there are none."""
        named = [f"{name} ({why})" for name, why in self.services.items()]
        others = [f"{point} of verify ({why})" for point, why in self.points.items()]
        return ", ".join([*named, *others])
