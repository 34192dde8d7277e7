"""A run as the journal records it, whether it succeeded, failed or was interrupted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cosmicdeploy.journal.records.origin import Origin
from cosmicdeploy.journal.records.summary import StepSummary, Summary
from cosmicdeploy.journal.rotation.retention import timestamp
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import BACKUP
from cosmicdeploy.journal.unfinished.interrupted_run import UNKNOWN

# The outcomes of runs; the last one is that of a run without an end in the journal.
OUTCOMES = ("changed", "unchanged", "failed", "interrupted", "unfinished")
UNFINISHED = "unfinished"
End = Literal["", "success", "undone", "not undone"]


@dataclass(kw_only=True)
class BegunStep:
    """A step that began to change something; the times are ISO 8601, "" for what has not happened.

    `change` says in a line what the step was to change, and `facts` is the step's result.
    """

    name: str
    kind: str
    change: str
    began_at: str
    done_at: str = ""
    undone_at: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class RunEntry:
    """A run; times are ISO 8601, "" if they are not recorded.

    `at` is when the run began, and `who` is its operator as user@host. `release` is what the run
    was to put in place. `target` is the ID of the backup that a rollback goes back to, and
    `included` are the services that `--include` named. `releases_before` maps each service to the
    release that ran before the run. `begun` are the steps that began to change something.
    `failed_at` is when the undo of this run began, and `failure` why. `end` is "" if no end of the
    run is recorded. `resolved_by` is the id of the later run that ended this one, "" if none did,
    and `UNKNOWN` if the record does not name that run. `resolves` are the interrupted runs that
    this run ended. `summary` is None if none is recorded: the run was killed, is still running, or
    was recorded by an earlier version.
    """

    id: str
    command: str = UNKNOWN
    kind: RunKind = RunKind.OTHER
    at: str = ""
    who: str = UNKNOWN
    release: str = ""
    target: str | None = None
    included: Sequence[str] = ()
    origin: Origin | None = None
    releases_before: Mapping[str, str] = field(default_factory=dict)
    begun: list[BegunStep] = field(default_factory=list)
    failed_at: str = ""
    failure: str = ""
    end: End = ""
    ended_at: str = ""
    resolved_by: str = ""
    resolves: Sequence[str] = ()
    summary: Summary | None = None

    @property
    def began(self) -> float:
        """When the run began, in Unix time; 0 if that is unknown."""
        return timestamp(self.at)

    @property
    def host(self) -> str:
        """The host that the run was started on; "" if it is unknown."""
        return (self.origin and self.origin.host) or self.who.partition("@")[2]

    @property
    def outcome(self) -> str:
        """One of `OUTCOMES`, or another word that a later version has recorded."""
        if self.summary is not None:
            return self.summary.outcome
        if self.end == "success":
            return "changed" if self.begun else "unchanged"
        return "failed" if self.end else UNFINISHED

    @property
    def is_over(self) -> bool:
        """Whether the run succeeded, was undone, or was ended by a later run.

        See `journal/unfinished/unfinished.py` for what happens to a run that is not over.
        """
        return self.end in ("success", "undone") or bool(self.resolved_by)

    @property
    def is_undone(self) -> bool:
        """Whether the run has failed and everything that it changed was undone."""
        return self.end == "undone"

    @property
    def sent_no_requests(self) -> bool:
        """Whether it is recorded that the run sent no requests through the proxy."""
        summary = self.summary
        return summary is not None and not summary.requests and "requests" not in summary.left_out

    @property
    def failed_late(self) -> bool:
        """Whether something failed after all steps had succeeded, for example on a full disk."""
        return self.end == "success" and self.outcome in ("failed", "interrupted")

    @property
    def seconds(self) -> float | None:
        """How long the run took; None if that is not recorded."""
        if self.summary is not None:
            return self.summary.seconds
        return self.after(self.ended_at)

    def after(self, at: str) -> float | None:
        """Return the seconds from the run's beginning to a time; None if either is unknown."""
        moment = timestamp(at)
        return round(max(0.0, moment - self.began), 3) if moment and self.began else None

    @property
    def backup(self) -> str:
        """The ID of the backup that the run took; "" if it took none."""
        if self.summary is not None and self.summary.backup:
            return self.summary.backup
        taken = [each.facts.get("backup") for each in self.begun if each.kind == BACKUP]
        return next((str(each) for each in taken if each), "")

    @property
    def placed_release(self) -> str:
        """The release that ran at the end, else the one that the run was to put in place."""
        return (self.summary and self.summary.release) or self.release

    @property
    def steps(self) -> Sequence[StepSummary]:
        """The steps of the summary; without these, the steps that began to change something.

        A summary has no steps if the run failed outside of its steps, or if the steps were too
        many to record.
        """
        if self.summary is not None and self.summary.steps:
            return self.summary.steps
        return [self._as_summary(each) for each in self.begun]

    def _as_summary(self, step: BegunStep) -> StepSummary:
        began = self.after(step.began_at)
        ended = self.after(step.done_at or self.failed_at or step.undone_at or self.ended_at)
        return StepSummary(
            name=step.name,
            kind=step.kind,
            outcome=self._outcome_of(step),
            reason=step.change,
            began=began,
            ended=ended,
            seconds=max(0.0, (ended or 0.0) - (began or 0.0)),
            facts=dict(step.facts),
        )

    def _outcome_of(self, step: BegunStep) -> str:
        """Return how a step ended; "begun" if its end is not recorded."""
        if not step.done_at:
            return "failed" if self.failed_at or self.end else "begun"
        return "undone" if step.undone_at else "changed"

    @property
    def changed(self) -> Sequence[str]:
        """The names of the steps whose change is in place."""
        return [step.name for step in self.steps if step.outcome == "changed"]

    @property
    def failing_step(self) -> StepSummary | None:
        """The step that failed; None if none did, or if it is not recorded."""
        return next((step for step in self.steps if step.outcome == "failed"), None)
