"""What a step gets to work with. Steps reach for nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, TypeVar

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.engine.commands.abandoned_commands import terminated_on_error
from cosmicdeploy.engine.facts import Container, ExecResult, Image
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import EngineError, NeedsPerson
from cosmicdeploy.events import Emit, Progress, Warned
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.known_failures import KnownFailures
from cosmicdeploy.journal.unfinished import PastRun
from cosmicdeploy.lock import Lock
from cosmicdeploy.settings import LoadedSettings, Settings
from cosmicdeploy.signals import Interrupts
from cosmicdeploy.stack.model import Service, Stack
from cosmicdeploy.traffic.maintenance_window import MaintenanceWindow
from cosmicdeploy.traffic.request_stats import TrafficStats

Found = TypeVar("Found")

# How often a run that only lets time pass asks whether it is to stop.
SAFE_EVERY_SECONDS = 0.25


class StepEffects(Protocol):
    """What a step does that other steps depend on."""

    kind: ClassVar[str]
    builds_images: ClassVar[bool]
    loads_backup: ClassVar[bool]
    migrates: ClassVar[bool]
    recovers: ClassVar[bool]
    replaces_containers: ClassVar[bool]
    resumes_clients: ClassVar[bool]
    stops_writers: ClassVar[bool]


@dataclass(frozen=True)
class StepsAhead:
    """The steps that the run has yet to make; empty if none."""

    steps: tuple[StepEffects, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __str__(self) -> str:
        return ", ".join(self.kinds)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(step.kind for step in self.steps)

    def other_kinds(self, kind: str) -> list[str]:
        """Return the kinds of the steps that are not of this kind."""
        return [other for other in self.kinds if other != kind]

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
    def resume_clients(self) -> bool:
        return any(step.resumes_clients for step in self.steps)

    @property
    def stop_writers(self) -> bool:
        return any(step.stops_writers for step in self.steps)


@dataclass(frozen=True, kw_only=True)
class Context:
    """One run on one stack.

    `ahead` are the steps that the plan found to change something and that have not yet
    done so, or, while a plan is being made (`planning`), those before. `target` is the backup that
    a rollback goes to; `only_plan` says that no run follows.
    `earlier` are the runs that are not over and that this one goes on from; `window` is the time in
    which requests are turned away on purpose; `traffic` is what was sent through the proxy so far,
    where anything is sent. `allowed` are migrations that may destroy, by name. `lookup_cache` holds
    the results of expensive lookups until a step changes something; `observed` holds the
    containers and images that one look at the stack has found.
    `known_failures` did not work when the run began, or the first of those that it goes on from.
    """

    loaded: LoadedSettings
    stack: Stack
    engine: Engine
    journal: Journal
    catalogue: Catalogue
    emit: Emit = field(repr=False)
    ahead: StepsAhead = field(default_factory=StepsAhead)
    target: Backup | None = None
    planning: bool = False
    only_plan: bool = False
    earlier: Sequence[PastRun] = ()
    allowed: frozenset[str] = frozenset()
    known_failures: KnownFailures = field(default_factory=KnownFailures)
    interrupts: Interrupts = field(default_factory=Interrupts)
    lock: Lock = field(default_factory=Lock)
    window: MaintenanceWindow = field(default_factory=MaintenanceWindow)
    traffic: TrafficStats | None = None
    lookup_cache: dict[str, Any] = field(default_factory=dict, repr=False)
    observed: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    def seeing(self, ahead: Iterable[StepEffects]) -> Context:
        """Return the same context, with the steps that will change something."""
        return replace(self, ahead=StepsAhead(tuple(ahead)))

    def at_a_glance(self) -> Context:
        """The same for one new look: containers and images are as they were when it first asked for
        them. For what changes nothing; many parts of it ask for the same ones."""
        return replace(self, observed={})

    def say(self, text: str) -> None:
        """Tell whoever watches."""
        self.emit(Progress(text=text))

    def warn(self, text: str) -> None:
        """Tell what goes otherwise than asked for; it is in the report as well."""
        self.emit(Warned(text=text))

    def safe_point(self) -> None:
        """Nothing is half done here: stop where that was asked for (`KeyboardInterrupt`), or where
        the lock is no longer ours (`LockLost`)."""
        self.interrupts.safe_point()
        self.lock.require(trust=1.0)  # some are passed a thousand times a second

    def sleep(self, seconds: float) -> None:
        """Let time pass, with safe points on the way."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.safe_point()
            time.sleep(min(SAFE_EVERY_SECONDS, left))

    # --- the stack, as declared and as it runs

    def service(self, name: str) -> Service:
        """The service as declared; raises `NeedsPerson` where it no longer is: a run that is not
        over may have changed it."""
        if name not in self.stack.services:
            raise NeedsPerson(
                f"The compose file declares no service {name!r}",
                where=str(self.stack.file),
                todo=f"put {name} back into the compose file, then run the same command again",
            )
        return self.stack.services[name]

    def container(self, service: str) -> Container | None:
        """The container that plays a service now: by its final name, running or not.

        Raises `EngineError` where one of that name is another project's.
        """
        found = self._observed(self.engine.container, self.service(service).container_name)
        if found is not None and found.project != self.stack.project:
            raise EngineError(
                f"The container {found.name} is not of the project {self.stack.project!r}",
                where=f"project {found.project or 'none'}",
                todo="give one of the two stacks other container names",
            )
        return found

    def out_of_place(self) -> list[Container]:
        """The project's containers under names that are no service's: set aside, on their way in,
        or nobody's."""
        names = frozenset(service.container_name for service in self.stack.services.values())
        return list(self._observed(self.engine.containers, self.stack.project, names))

    def running(self, service: str) -> Container:
        """As `container`, but it must run; raises `EngineError`."""
        found = self.container(service)
        if found is None or not found.is_running:
            state = "does not exist" if found is None else f"is {found.status}"
            raise EngineError(
                f"The container of {service} {state}",
                where=self.service(service).container_name,
                todo="run `cosmicdeploy up`, or `cosmicdeploy status` to see more",
            )
        return found

    def any_app(self) -> Container:
        """A running replica to run console commands in; raises `EngineError`."""
        for name in self.settings.services.app:
            found = self.container(name)
            if found is not None and found.is_running:
                return found
        return self.running(self.settings.services.app[0])

    def image(self, reference: str) -> Image | None:
        """The image of this tag or id."""
        return self._observed(self.engine.image, reference)

    def image_of(self, service: str) -> Image | None:
        """The image that the service's tag names now: the one it ought to run."""
        return self.image(self.service(service).image)

    def images_of(self, services: Iterable[str]) -> dict[str, Image | None]:
        """As `image_of`, for many: of those that share a tag it is asked for once."""
        tags = {name: self.service(name).image for name in services}
        found = {tag: self.image(tag) for tag in set(tags.values())}
        return {name: found[tag] for name, tag in tags.items()}

    def _observed(self, ask: Callable[..., Found], *what: Any) -> Found:
        if self.observed is None:
            return ask(*what)
        key = f"{ask.__name__} {what}"
        if key not in self.observed:
            self.observed[key] = ask(*what)
        found: Found = self.observed[key]
        return found

    @property
    def release(self) -> str:
        """The release that the sources in the stack's folder are."""
        variable = self.settings.app.release_variable
        build = self.service(self.settings.services.app[0]).build
        declared = build.args.get(variable) if build else None
        return declared or self.loaded.variables.get(variable, "unnamed")

    def running_release(self) -> str:
        """The release baked into the image that the first replica runs; "" where none runs."""
        container = self.container(self.settings.services.app[0])
        image = self.image(container.image_id) if container else None
        return release_of(image, self.settings.app.release_variable)

    def console(self, *arguments: str) -> list[str]:
        """A command line for the application's console."""
        return [*self.settings.app.console, *arguments]

    @property
    def console_user(self) -> str:
        """Whom the console runs as; "" for a container's own user."""
        return self.settings.app.user or ""

    def run_console(
        self, container: Container, *arguments: str, silence: float | None = None
    ) -> ExecResult:
        """Run a console command in a running container. One that is given up, or says nothing for
        `silence` seconds (`migrate.timeout`), is ended. Raises `EngineError`."""
        user, patience = self.console_user, silence or self.settings.migrate.timeout
        with terminated_on_error(self.engine, container.id, user) as mark:
            return self.engine.exec_as(
                user,
                container.id,
                self.console(*arguments),
                environment=mark,
                silence=patience,
            )

    def database(self) -> DatabaseAccess:
        """How to reach the database; raises `EngineError` where it does not run."""
        wanted = self.settings.database
        container = self.running(self.settings.services.database)
        host, port = address(container, wanted.port)
        return DatabaseAccess(
            container_id=container.id,
            host=host,
            port=port,
            name=wanted.name,
            user=wanted.user,
            password=self.loaded.secret(wanted.password_variable),
        )


def release_of(image: Image | None, variable: str) -> str:
    """The release that an image says it is; "" where it does not."""
    return image.environment.get(variable, "") if image else ""


def address(container: Container, port: int) -> tuple[str, int]:
    """Where a container's port is reached from here: as published, else on its own address.

    Raises `EngineError` where it has neither.
    """
    if port in container.published:
        host, published = container.published[port]
        return ("127.0.0.1" if host in ("0.0.0.0", "::", "") else host), published  # noqa: S104
    for own in container.addresses.values():
        return own, port
    raise EngineError(
        f"Port {port} of {container.name} cannot be reached from here",
        where=container.name,
        todo="publish it on 127.0.0.1 in the compose file",
    )
