"""What did not work when a run began.

A deploy may be the fix, so the old release is not required to work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class KnownFailures:
    """Services and points of the verification that did not work, each with the reason.

    The run's first record holds them, so that a run that resumes an interrupted one knows what
    worked before both.
    """

    services: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the failures in a run's first record; empty for a record of an older version.

        Ignores keys that a later version adds.
        """
        recorded = state.get("known_failures", {})
        return cls(services=recorded.get("services", {}), points=recorded.get("points", {}))

    def __bool__(self) -> bool:
        return bool(self.services or self.points)

    def as_json(self) -> dict[str, Any]:
        """Return the failures as the journal holds them."""
        return asdict(self)

    def description(self) -> str:
        """All failures in one line, as text; "" if there are none."""
        named = [f"{name} ({why})" for name, why in self.services.items()]
        others = [f"{point} of verify ({why})" for point, why in self.points.items()]
        return ", ".join([*named, *others])
