"""What a step gets to work with. Steps reach for nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.engine.commands.abandoned_commands import terminated_on_error
from cosmicdeploy.engine.facts import Container, ExecResult, Image
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import EngineError, NeedsPerson
from cosmicdeploy.events import Emit, Progress, Warned
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.lock import Lock
from cosmicdeploy.lookup_cache import FactsCache, FactsSource, LookupCache
from cosmicdeploy.run_scope import RunScope, StepEffects, StepsAhead
from cosmicdeploy.settings import LoadedSettings, Settings
from cosmicdeploy.signals import Interrupts
from cosmicdeploy.stack.model import Service, Stack

# How often a run that only lets time pass asks whether it is to stop.
SAFE_EVERY_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True)
class Context:
    """One stack, its engine and its records; `run` is what belongs to the run alone.

    `lookup_cache`: results of expensive lookups, valid until a step changes something.
    `cached_facts`: what the engine has said about containers and images; None asks it each time.
    """

    loaded: LoadedSettings
    stack: Stack
    engine: Engine
    journal: Journal
    catalogue: Catalogue
    emit: Emit = field(repr=False)
    run: RunScope = field(default_factory=RunScope)
    interrupts: Interrupts = field(default_factory=Interrupts)
    lock: Lock = field(default_factory=Lock)
    lookup_cache: LookupCache = field(default_factory=LookupCache, repr=False)
    cached_facts: FactsCache | None = field(default=None, repr=False)

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    def with_run(self, **changes: Any) -> Context:
        """Return a copy with these fields of `run` replaced; raises `TypeError` for others."""
        return replace(self, run=replace(self.run, **changes))

    def with_steps_ahead(self, steps: Iterable[StepEffects]) -> Context:
        """Return a copy that knows these as the steps that will change something."""
        return self.with_run(steps_ahead=StepsAhead(tuple(steps)))

    def with_cached_facts(self) -> Context:
        """Return a copy that asks the engine for each container and image once.

        For code that changes nothing: what it has read stays as it was at the first read.
        """
        return replace(self, cached_facts=FactsCache(self.engine))

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
        found = self._facts.container(self.service(service).container_name)
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
        return self._facts.containers(self.stack.project, names)

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
        return self._facts.image(reference)

    def image_of(self, service: str) -> Image | None:
        """The image that the service's tag names now: the one it ought to run."""
        return self.image(self.service(service).image)

    def images_of(self, services: Iterable[str]) -> dict[str, Image | None]:
        """As `image_of`, for many: of those that share a tag it is asked for once."""
        tags = {name: self.service(name).image for name in services}
        found = {tag: self.image(tag) for tag in set(tags.values())}
        return {name: found[tag] for name, tag in tags.items()}

    @property
    def _facts(self) -> FactsSource:
        return self.engine if self.cached_facts is None else self.cached_facts

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
