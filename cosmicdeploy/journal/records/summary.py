"""The shape of a run's `summary`, which `history` and `report` show.

Times are seconds since the run began. A summary is only shown: no run depends on it.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from cosmicdeploy.journal.records.shape import Common, Names, Shape

Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Span = Annotated[list[Seconds], Field(min_length=2, max_length=2)]


class Part(Shape):
    """Base of the parts of a summary; numbers are finite."""

    model_config = ConfigDict(allow_inf_nan=False)


class StepSummary(Part):
    """A step; `seconds` includes its check in the plan, which comes before the time `began`."""

    name: str
    kind: str
    outcome: str
    reason: str = ""
    began: Seconds | None = None
    ended: Seconds | None = None
    seconds: Seconds = 0.0
    facts: dict[str, Any] = Field(default_factory=dict)


class ErrorSummary(Part):
    """The error that ended the run; `output` are the last lines of the step that failed."""

    what: str
    where: str = ""
    todo: str = ""
    details: Names = Field(default_factory=list)
    output: Names = Field(default_factory=list)


class StatsSummary(Part):
    """Statistics of requests, as in the report (`requests`)."""

    sent: Count
    failed: Count
    held: Count = 0
    announced: Count = 0
    limited: Count = 0
    not_found: Count = 0
    p50_ms: Seconds = 0.0
    p99_ms: Seconds = 0.0
    max_ms: Seconds = 0.0
    longest_gap_ms: Seconds = 0.0


class RequestsSummary(StatsSummary):
    """All requests of the run, and those on new and on kept connections."""

    failures: Names = Field(default_factory=list)
    broken: str = ""
    failing_before: str = ""
    new: StatsSummary
    kept: StatsSummary
    applications: dict[str, StatsSummary] = Field(default_factory=dict)
    beats: dict[str, Any] | None = None
    proxy: dict[str, Count] | None = None


class Series(Part):
    """Requests on one kind of connection, interval by interval; null: no response in it."""

    sent: list[Count]
    failed: list[Count]
    p50_ms: list[Seconds | None]
    p99_ms: list[Seconds | None]


class TrafficSeries(Part):
    """Requests over time, in intervals of `seconds`."""

    seconds: Annotated[float, Field(gt=0)]
    new: Series
    kept: Series


class GapSummary(Part):
    """An announced gap, as in the report (`gaps`)."""

    service: str
    what: str
    began: Seconds
    ended: Seconds
    seconds: Seconds
    at_most_seconds: Seconds
    failed: Count | None = None


class PhaseSummary(Part):
    """A phase of a service's container, such as `drain` or `undo`."""

    service: str
    phase: str
    began: Seconds
    ended: Seconds


class PointSummary(Part):
    """A point of the verification, as in the report (`checks`)."""

    point: str
    ok: bool
    expected: str = ""
    found: str = ""
    todo: str = ""
    warnings: Names = Field(default_factory=list)
    skipped: bool = False
    unproven: bool = False


class Summary(Common):
    """What a run did, and what was measured during it.

    `outcome` and `exit_code` are those of the report. `release` is what runs at the end, and
    `releases` maps each service to its release. `maintenance` are the times in which clients were
    turned away. `restarts` maps services to how often the engine had restarted the container that
    runs at the end. `left_out` names the parts that were too large to record.
    """

    outcome: str
    exit_code: int
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    release: str = ""
    releases: dict[str, str] = Field(default_factory=dict)
    backup: str | None = None
    steps: list[StepSummary] = Field(default_factory=list)
    error: ErrorSummary | None = None
    requests: RequestsSummary | None = None
    series: TrafficSeries | None = None
    gaps: list[GapSummary] = Field(default_factory=list)
    maintenance: list[Span] = Field(default_factory=list)
    phases: list[PhaseSummary] = Field(default_factory=list)
    points: list[PointSummary] = Field(default_factory=list)
    restarts: dict[str, Count] = Field(default_factory=dict)
    warnings: Names = Field(default_factory=list)
    left_out: Names = Field(default_factory=list)
