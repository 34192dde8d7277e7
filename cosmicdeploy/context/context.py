"""The context that every step gets: the stack, its engine and its records."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cosmicdeploy.context.lookup_cache import FactsCache, FactsSource, LookupCache
from cosmicdeploy.context.run_scope import RunScope, StepEffects, StepsAhead
from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.engine.commands.abandoned_commands import terminated_on_error
from cosmicdeploy.engine.containers.reachable import reachable_address
from cosmicdeploy.engine.facts import Container, ExecResult, Image
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.engine.registry.names import digest_of
from cosmicdeploy.errors import EngineError, NeedsPerson, NotConfigured
from cosmicdeploy.events import Emit, Progress, Warned
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.lock import Lock
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.process.signals import Interrupts
from cosmicdeploy.settings import Database, LoadedSettings, Settings
from cosmicdeploy.stack.model import Service, Stack

# Reasons why a step, or a point of the verification, has nothing to do.
NO_DATABASE = "the stack has no database"
NO_CONSOLE = "the application has no console"
NO_FRAMEWORK = "migrate.framework is none"
# While `sleep` waits, it checks this often whether the run has to stop.
SAFE_POINT_EVERY_SECONDS = 0.25
NAME_DATABASE = "name it in cosmicdeploy.yaml as services.database, and add the section `database`"


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything a step may use: the stack, its engine and its records.

    `run`: the state of the current run.
    `lookup_cache`: results of expensive lookups, valid until a step changes something.
    `cached_facts`: a cache of containers and images; if None, each access asks the engine.
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

    @property
    def framework(self) -> Framework:
        """What runs the application's migrations."""
        return self.loaded.framework

    def with_run(self, **changes: Any) -> Context:
        """Return a copy with changed fields of `run`; raises `TypeError` for an unknown field."""
        return replace(self, run=replace(self.run, **changes))

    def with_steps_ahead(
        self, steps: Iterable[StepEffects], affected: frozenset[str] | None = None
    ) -> Context:
        """Return a copy with these steps as `run.steps_ahead` (explained in `RunScope`).

        `affected` are the services whose containers the steps change; None if that is unknown.
        """
        return self.with_run(steps_ahead=StepsAhead(tuple(steps), affected))

    def with_cached_facts(self) -> Context:
        """Return a copy that reads each container and image from the engine only once.

        Only for code that changes nothing, since the copy never sees a later state.
        """
        return replace(self, cached_facts=FactsCache(self.engine))

    def say(self, text: str) -> None:
        """Show progress to the operator; the text is not part of the report."""
        self.emit(Progress(text=text))

    def warn(self, text: str) -> None:
        """Warn the operator; the warning is also part of the report."""
        self.emit(Warned(text=text))

    def safe_point(self) -> None:
        """Stop the run if it has to stop; called where nothing is half done.

        Raises `KeyboardInterrupt` if the operator has asked to stop, and `LockLost` if the run no
        longer holds the lock.
        """
        self.interrupts.safe_point()
        # Reuses a check of the lock for a second: some loops call this a thousand times a second.
        self.lock.require(max_age=1.0)

    def sleep(self, seconds: float) -> None:
        """Wait, with a safe point every `SAFE_POINT_EVERY_SECONDS` seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.safe_point()
            time.sleep(min(SAFE_POINT_EVERY_SECONDS, left))

    # --- the stack, as declared and as it runs

    def service(self, name: str) -> Service:
        """Return the service as the compose file declares it.

        Raises `NeedsPerson` if the file does not declare it, for example because it was removed
        after an interrupted run had changed it.
        """
        if name not in self.stack.services:
            raise NeedsPerson(
                f"The compose file declares no service {name!r}",
                where=str(self.stack.file),
                todo=f"put {name} back into the compose file, then run the same command again",
            )
        return self.stack.services[name]

    def container(self, service: str) -> Container | None:
        """Return the container with the service's container name, running or not; None if missing.

        Raises `EngineError` if a container of another project has that name.
        """
        container = self._facts.container(self.service(service).container_name)
        if container is not None and container.project != self.stack.project:
            raise EngineError(
                f"The container {container.name} is not part of the project {self.stack.project!r}",
                where=f"its project is {container.project or 'unknown'}",
                todo="give one of the two stacks other container names",
            )
        return container

    def is_new(self, service: str) -> bool:
        """Whether the service has no container that was ever started."""
        container = self.container(service)
        return container is None or not container.was_started

    def unassigned_containers(self) -> list[Container]:
        """Return the project's containers whose name is not the container name of a service.

        These are the superseded and candidate containers of a rollout, and orphans: containers that
        no service declares.
        """
        names = frozenset(service.container_name for service in self.stack.services.values())
        return self._facts.containers(self.stack.project, names)

    def running(self, service: str) -> Container:
        """Return the service's running container; raises `EngineError` if there is none."""
        container = self.container(service)
        if container is None or not container.is_running:
            state = "does not exist" if container is None else f"is {container.status}"
            raise EngineError(
                f"The container of {service} {state}",
                where=self.service(service).container_name,
                todo="run `cosmicdeploy up`, which starts it; `cosmicdeploy status` shows more"
                if container is None or not container.is_paused
                else "run `cosmicdeploy up`, which lets it continue (`docker unpause`)",
            )
        return container

    def any_app(self) -> Container:
        """Return a running replica of the main application, for console commands.

        Raises `EngineError` if there is none.
        """
        replicas = self.settings.main_application.services
        for name in replicas:
            container = self.container(name)
            if container is not None and container.is_running:
                return container
        return self.running(replicas[0])

    def image(self, reference: str) -> Image | None:
        """Return the image with this tag or id; None if the engine has none."""
        return self._facts.image(reference)

    def image_of(self, service: str) -> Image | None:
        """Return the image that the service is declared to run; None if the engine lacks it."""
        return self.image(self.service(service).image)

    def images_of(self, services: Iterable[str]) -> dict[str, Image | None]:
        """Return the declared image of each service; an image that several share is read once."""
        tags = {name: self.service(name).image for name in services}
        images = {tag: self.image(tag) for tag in set(tags.values())}
        return {name: images[tag] for name, tag in tags.items()}

    def may_replace(self, service: str) -> bool:
        """Whether this run may replace the service's container if it has drifted.

        False for infrastructure that `--include` did not name, and for `services.left_alone`.
        """
        services = self.settings.services
        return service in {*services.deployed, *services.one_shot, *self.run.included}

    @property
    def _facts(self) -> FactsSource:
        return self.engine if self.cached_facts is None else self.cached_facts

    def digests_of(self, services: Iterable[str]) -> dict[str, str]:
        """Return the digest of the image that each service runs, as "repository@sha256:…".

        Leaves out services without a container, and images that no registry has.
        """
        containers = {name: self.container(name) for name in services}
        digests = {
            name: digest_of(self.image(each.image_id), self.service(name).image)
            for name, each in containers.items()
            if each is not None
        }
        return {name: digest for name, digest in digests.items() if digest}

    @property
    def has_console(self) -> bool:
        """Whether the application has a console, a command-line program (`app.console`)."""
        return bool(self.settings.app.console)

    def console(self, *arguments: str) -> list[str]:
        """Return the command line that runs the application's console with these arguments.

        Raises `NotConfigured` if the application has no console.
        """
        if not self.has_console:
            raise NotConfigured(
                "The application has no console",
                where=str(self.loaded.file),
                todo="set app.console to its command, or run any command in a container:"
                " `cosmicdeploy exec app COMMAND`",
            )
        return [*self.settings.app.console, *arguments]

    @property
    def console_user(self) -> str:
        """The user that the console runs as; "" for the container's default."""
        return self.settings.app.user or ""

    def run_console(
        self, container: Container, *arguments: str, silence: float | None = None
    ) -> ExecResult:
        """Run a console command in a running container, as `run_command` does.

        Raises also `NotConfigured` if the application has no console.
        """
        return self.run_command(container, self.console(*arguments), silence=silence)

    def run_command(
        self, container: Container, command: Sequence[str], silence: float | None = None
    ) -> ExecResult:
        """Run a command in a running container, as the user of the console.

        If the command prints nothing for `silence` seconds (default: `migrate.timeout`), or if a
        signal or an error ends the wait, the command is terminated. Raises `CommandSilent` after
        that silence, and `EngineError`.
        """
        user, most_silence = self.console_user, silence or self.settings.migrate.timeout
        with terminated_on_error(self.engine, container.id, user) as mark:
            return self.engine.exec_as(
                user,
                container.id,
                command,
                environment=mark,
                silence=most_silence,
            )

    @property
    def why_no_migrations(self) -> str:
        """Why no migration is run for this stack; "" if migrations are run."""
        if not self.has_database:
            return NO_DATABASE
        if self.framework.runs_migrations:
            return ""
        return NO_FRAMEWORK if self.settings.migrate.framework else NO_CONSOLE

    @property
    def has_database(self) -> bool:
        """Whether the stack has a database that the deployer backs up and migrates."""
        return self.settings.database is not None

    def require_database(
        self, what: str = "The stack has no database", todo: str = NAME_DATABASE
    ) -> Database:
        """Return the settings of the database.

        Raises `NotConfigured`, with the texts `what` and `todo`, if the stack has no database.
        """
        if self.settings.database is None:
            raise NotConfigured(what, where=str(self.loaded.file), todo=todo)
        return self.settings.database

    def database_container(self) -> Container | None:
        """Return the database's container; None if the container or the database does not exist."""
        name = self.settings.services.database
        return self.container(name) if name else None

    def database(self) -> DatabaseAccess:
        """Return the address and credentials of the database.

        If facts are cached, a database that once did not answer is not asked again: raises
        `DatabaseSilent`. Raises `NotConfigured` if the stack has no database, `EngineError` if its
        container does not run or cannot be reached, and `ConfigError` if the password's variable is
        not set.
        """
        if self.cached_facts and self.cached_facts.silent_database:
            raise self.cached_facts.silent_database
        declared = self.require_database()
        container = self.running(self.settings.services.database or "")
        host, port = reachable_address(container, declared.port)
        return DatabaseAccess(
            container_id=container.id,
            host=host,
            port=port,
            name=declared.name,
            user=declared.user,
            password=self.loaded.secret(declared.password_variable),
            bookkeeping=self.framework.bookkeeping,
        )
