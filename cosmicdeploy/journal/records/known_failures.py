"""What already failed when a run began, so that the run is not blamed for it.

The release that a deploy replaces need not work, since the deploy may fix the fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class KnownFailures:
    """The services and the points of `verify` that already failed: name → reason.

    `new` are the services that the run creates. Their containers did not exist or had never been
    started, which is no failure.

    A run's first journal record holds its known failures. If that run is interrupted, the run that
    resumes it reads there what failed before both runs.
    """

    services: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, str] = field(default_factory=dict)
    new: Sequence[str] = ()

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the known failures in `state`, the state that a run's first record holds.

        Returns no failures if `state` has none, as in records of earlier versions.
        """
        recorded = state.get("known_failures", {})
        return cls(
            services=recorded.get("services", {}),
            points=recorded.get("points", {}),
            new=tuple(recorded.get("new", ())),
        )

    def with_new(self, services: Iterable[str]) -> Self:
        """Return a copy whose `new` also contains these services."""
        return replace(self, new=tuple(sorted({*self.new, *services})))

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
