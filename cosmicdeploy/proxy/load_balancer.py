"""The seam between a run and the load balancer, the program in front of the replicas.

Each kind of load balancer has a package of its own, which implements `LoadBalancer`; `recognition`
finds out which kind runs. No other code asks for the kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.proxy.findings import Inspection
from cosmicdeploy.stack.model import Service

# How a changed file takes effect: with a new container, by a reload, or without either.
Effect = Literal["container", "reload", "none"]


@dataclass(frozen=True, kw_only=True)
class MaintenanceSwitch:
    """What makes a load balancer turn clients away with a 503 while a file exists.

    `todo` says what to do, and `lines` are to be written into its configuration. `is_possible`:
    whether it can look for a file at all.
    """

    todo: str
    lines: tuple[str, ...] = ()
    is_possible: bool = True


class Traffic(Protocol):
    """Decides which replicas get requests during one rollout. Not reusable."""

    def before_stop(self, running: Mapping[str, Container]) -> None:
        """Note which of these replicas get requests, before any of them stops."""

    def prepare(self, name: str) -> None:
        """Look up what `take_out` needs, to save time then. Raises nothing."""

    def can_take_out(self, name: str, *, is_alone: bool) -> bool:
        """Return whether the replica can be taken out of service before it stops.

        `is_alone`: no other replica stops at the same time.
        """

    def take_out(self, name: str, container: Container, *, until_finished: bool) -> None:
        """Stop new requests to the container of a replica.

        `until_finished`: also wait for the requests in flight, because the container would not
        finish them after its stop signal. Raises `ConfigError`, `EngineError`, and `ProbeFailed` if
        the container still gets requests.
        """

    def put_in(self, names: Sequence[str], *, moved: bool) -> None:
        """Send requests to these replicas again, and wait until they get some.

        `moved`: at least one of the replicas has a new address. Raises `ConfigError`, `EngineError`
        and `ProbeFailed`.
        """

    def take_out_beside(self, name: str, container: Container, *, until_finished: bool) -> bool:
        """Stop new requests to one of two running containers of a replica.

        The other one gets requests already. Called for the superseded container, or in an undo for
        the new one. Returns False if the load balancer cannot do that. `until_finished` and the
        errors are those of `take_out`.
        """

    def readmit(self, name: str, container: Container) -> None:
        """Send requests to a superseded container again, and wait until it gets some.

        Called in an undo, while the container still runs and the new one gets its requests. Does
        nothing if the load balancer cannot do that. The errors are those of `put_in`.
        """

    def superseded_stopped(self, names: Sequence[str]) -> None:
        """Drop what is known of these replicas' superseded containers, which have stopped.

        Called after a start-first replacement.
        """

    def adopt(self) -> None:
        """Read which replicas are out of service, including those that an earlier run took out.

        Leaves out the servers of `kept_out`.
        """

    def drained(self) -> list[str]:
        """Return the adopted replicas whose container in place can serve: `put_in` lets them in.

        Called after `adopt`.
        """

    def put_all_in(self) -> None:
        """Put all replicas in service that this rollout has taken out or adopted."""


class Configuration(Protocol):
    """Configuration files that the load balancer reads again without a new container.

    `reload_cost` says what clients notice of a reload, and `reload_gap` names it in the report.
    """

    reload_cost: str
    reload_gap: str

    @property
    def container(self) -> Container:
        """The load balancer's container."""

    def loaded_at(self) -> float:
        """Return the Unix time at which the files were last read; 0 if that is unknown."""

    def effect_of(self, target: str, how: str) -> Effect:
        """Return how a changed file takes effect.

        `target` is the file's path in the container; `how` is the `how` of a `FileChange`.
        """

    def require_valid(self) -> None:
        """Raise `ConfigError` if the load balancer would not start with the present files."""

    def missing_hosts(self, error: ConfigError) -> Sequence[str]:
        """Return the names that could not be resolved; empty if `error` has another cause, too."""

    def reload(self) -> None:
        """Make the load balancer read its files again. Raises `ConfigError` and `EngineError`."""


class LoadBalancer(Protocol):
    """What a run asks the program in front of the replicas.

    `name` is the program's name for texts, and `page` the page about it in the documentation.
    `drains_by` says what makes it drain a replica. `shares_volumes`: whether a second container may
    write to the volumes of the running one.
    """

    @property
    def name(self) -> str: ...

    @property
    def page(self) -> str: ...

    @property
    def drains_by(self) -> str: ...

    @property
    def shares_volumes(self) -> bool: ...

    def check(self) -> CheckResult:
        """Check the verification's point `proxy`."""

    def inspect(self) -> Inspection:
        """Return what the configuration lacks, also before the load balancer runs.

        Reads the configuration of the running container, else what the stack's files have. Raises
        `ConfigError` if the load balancer would not start with it, and `ProbeFailed` if there is
        nothing to read.
        """

    def drains(self, service: str) -> bool:
        """Return whether a rollout can take a replica out of service while another one serves.

        Reads what `inspect` reads, and raises the same errors.
        """

    def looks_for(self, file: str) -> bool:
        """Return whether the configuration looks for a file on each request.

        Reads what `inspect` reads, and raises the same errors.
        """

    def maintenance_switch(self, file: str) -> MaintenanceSwitch:
        """Return what makes the load balancer answer 503 while this file exists."""

    def describe_waits(self, replicas: Collection[str]) -> str:
        """Describe in a plan how long the rollout of these replicas waits for the load balancer.

        Returns "" if it waits no longer than `restart.pause` after each replica.
        """

    def may_need_reload(self, replicas: Iterable[str]) -> list[str]:
        """Return those of the replicas whose new container may need a reload.

        Raises `ConfigError` if the configuration cannot be read.
        """

    def rollout_notes(self, replaced: Collection[str]) -> list[str]:
        """Return what a plan says about these replicas.

        That is what the deployer adds to their containers, and which requests may fail. What the
        configuration lacks is not among it: `check` says that.
        """

    def conflicts(self, replaced: Collection[str]) -> Mapping[str, str]:
        """Return those of the replicas whose old and new containers must not run side by side.

        The values say why, and how to avoid it.
        """

    def failures(self) -> Mapping[str, int]:
        """Return the load balancer's own counts of failures since its start, by what failed.

        Empty if it counts none, or if its counts cannot be read; nginx's are in its access log.
        """

    def candidate_labels(self, service: Service) -> Mapping[str, str]:
        """Return the labels that the deployer adds to the new container of a service.

        Compose does not take them for a difference from the compose file.
        """

    def traffic(self) -> Traffic:
        """Return the control of the replicas' requests for one rollout."""

    def out_of_service(self) -> list[str]:
        """Return the replicas that get no requests because a run has taken them out of service.

        Outside a run, these are the replicas that an interrupted run left out of service. Leaves
        out the servers of `kept_out`.
        """

    def servers_out(self) -> list[str]:
        """Return the replicas' servers that are out of service now, in the load balancer's words.

        Empty if its servers have no state that an operator could set. Raises `ConfigError` and
        `EngineError`.
        """

    def put_in_service(self, service: str) -> None:
        """Undo what took this replica out of service, without waiting. Raises `EngineError`.

        The servers of `kept_out` stay out of service.
        """

    def reload_if_older(self) -> bool:
        """Reload if the load balancer must have old addresses; return whether it was reloaded.

        Used during maintenance, when no request can show which addresses it has. Raises
        `ConfigError` and `EngineError`.
        """

    def configuration(self) -> Configuration | None:
        """Return the configuration, if its files can be read again without a new container."""
