"""The part of a context that belongs to the current run only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from cosmicdeploy.context.run_notes import RunNotes
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.restore.background_proof import BackgroundProof
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun
from cosmicdeploy.process.background import BackgroundCalls
from cosmicdeploy.traffic.announced_gaps import Gaps
from cosmicdeploy.traffic.maintenance_window import MaintenanceWindow
from cosmicdeploy.traffic.traffic_stats import TrafficStats


class StepEffects(Protocol):
    """The effects of a kind of step on the stack that other steps depend on."""

    kind: ClassVar[str]
    builds_images: ClassVar[bool]
    loads_backup: ClassVar[bool]
    migrates: ClassVar[bool]
    needs_backup: ClassVar[bool]
    recovers: ClassVar[bool]
    replaces_containers: ClassVar[bool]
    resumes_clients: ClassVar[bool]
    starts_services: ClassVar[bool]
    stops_writers: ClassVar[bool]


@dataclass(frozen=True)
class StepsAhead:
    """Steps whose changes are still to come (see `RunScope.steps_ahead`).

    False in a condition if there are none. `affected` are the services whose containers the steps
    create, start or replace; None if that is not known yet.
    """

    steps: tuple[StepEffects, ...] = ()
    affected: frozenset[str] | None = None

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __str__(self) -> str:
        return ", ".join(self.kinds)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(step.kind for step in self.steps)

    def other_kinds(self, kind: str) -> list[str]:
        """Return the kinds of the steps, without this kind."""
        return [other for other in self.kinds if other != kind]

    def needing_backup(self, kind: str) -> list[str]:
        """Return the kinds of the steps that need a backup made before them, without this kind."""
        return [step.kind for step in self.steps if step.needs_backup and step.kind != kind]

    @property
    def build_images(self) -> bool:
        return any(step.builds_images for step in self.steps)

    @property
    def load_backup(self) -> bool:
        return any(step.loads_backup for step in self.steps)

    @property
    def migrate(self) -> bool:
        return any(step.migrates for step in self.steps)

    @property
    def recover(self) -> bool:
        return any(step.recovers for step in self.steps)

    @property
    def replace_containers(self) -> bool:
        return any(step.replaces_containers for step in self.steps)

    @property
    def created(self) -> frozenset[str]:
        """The services whose containers these steps create or start.

        Empty if `affected` is unknown, or if a step also replaces containers: `affected` does not
        say which containers are replaced.
        """
        return frozenset() if self.replace_containers else self.affected or frozenset()

    @property
    def resume_clients(self) -> bool:
        return any(step.resumes_clients for step in self.steps)

    @property
    def stop_writers(self) -> bool:
        return any(step.stops_writers for step in self.steps)


@dataclass(frozen=True, kw_only=True)
class RunScope:
    """The state of one run.

    `is_planning`: a plan is being made, which may be carried out afterwards.
    `is_plan_only`: a plan is being made and nothing will be changed (`--plan`).
    `steps_ahead`: for a step's check, the steps whose changes are still to come. While a plan is
    made, these are the steps already checked that will change something. During a run, these are
    the step being checked and the later steps, except those that the plan says change nothing.
    `images_ahead`: while a plan is made, the names of the images that `steps_ahead` build or pull;
    None if the names are not known.
    `target_backup`: the backup that a rollback restores.
    `from_other_stack`: whether that backup may be another stack's (`--from-other-stack`).
    `resumed_runs`: the interrupted runs that this run resumes, the oldest first.
    `left_out`: the services that a rollback leaves out, because they are younger than its backup.
    `to_stop`: the services in `left_out` that the rollback stops, since the older release has no
    code for them.
    `remove_orphans`: whether to remove containers that no service declares (`--remove-orphans`).
    `allowed_migrations`: names of migrations that may destroy data (`--allow`).
    `included`: the infrastructure services that the run may replace (`--include`).
    `known_failures`: what already failed when the run, or the oldest run that it resumes, began.
    `maintenance`: the times in which clients are turned away on purpose.
    `gaps`: the announced times in which clients are not served while a service is replaced or
    reloaded.
    `stops`: the requests to stop a container, which continue after a signal.
    `trials_began`: container id → when this run started the container (monotonic clock), for each
    trial: a container of a new image that is checked before the rollout.
    `data_proof`: the proof of the data of this run's backup (`backup.prove`).
    `notes`: what the run notes down for its summary.
    `traffic`: statistics of the requests that the run sends through the proxy; None without
    requests.
    """

    is_planning: bool = False
    is_plan_only: bool = False
    steps_ahead: StepsAhead = field(default_factory=StepsAhead)
    images_ahead: frozenset[str] | None = None
    target_backup: Backup | None = None
    from_other_stack: bool = False
    resumed_runs: Sequence[InterruptedRun] = ()
    left_out: frozenset[str] = frozenset()
    to_stop: frozenset[str] = frozenset()
    remove_orphans: bool = False
    allowed_migrations: frozenset[str] = frozenset()
    included: frozenset[str] = frozenset()
    known_failures: KnownFailures = field(default_factory=KnownFailures)
    maintenance: MaintenanceWindow = field(default_factory=MaintenanceWindow)
    gaps: Gaps = field(default_factory=Gaps)
    stops: BackgroundCalls = field(default_factory=BackgroundCalls)
    trials_began: dict[str, float] = field(default_factory=dict)
    data_proof: BackgroundProof = field(default_factory=BackgroundProof)
    notes: RunNotes = field(default_factory=RunNotes)
    traffic: TrafficStats | None = None
