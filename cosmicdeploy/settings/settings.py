"""The model of `cosmicdeploy.yaml`; the shipped file explains every key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import Field, PrivateAttr, model_validator

from cosmicdeploy.settings.absent import (
    require_database_and_role,
    require_no_use_of_absent_parts,
)
from cosmicdeploy.settings.sections.app import App, CacheClear, Feature, Verify
from cosmicdeploy.settings.sections.application_keys import Presumed
from cosmicdeploy.settings.sections.applications import (
    Application,
    OwnApplication,
    applications_of,
    require_consistent,
)
from cosmicdeploy.settings.sections.database import Backup, Cache, Database, Migrate
from cosmicdeploy.settings.sections.monitoring import Checklist, Diagnose, Monitoring
from cosmicdeploy.settings.sections.rollout import Maintenance, Probe, Proxy, Restart, Soak
from cosmicdeploy.settings.sections.section import Paths, Section, Words
from cosmicdeploy.settings.sections.services import Services, named_replicas, without
from cosmicdeploy.settings.without_role import require_lists_without_contradiction


class Lock(Section):
    """When a run takes over the lock of a run that no longer responds."""

    stale_after: float = Field(
        default=30,
        ge=5,
        description="Seconds without a heartbeat after which a lock is stale; a living holder sends"
        " one every 2 s",
    )


class Volumes(Section):
    """Which volumes a deploy fills with files of an image."""

    left_alone: Words = Field(
        default=(),
        description="Volumes shared with the proxy into which no deploy puts files of an image",
    )


class Settings(Section):
    """The whole of `cosmicdeploy.yaml`."""

    compose_file: Paths = Field(
        default=(Path("docker-compose.prod.yml"),),
        description="The compose file, or a list of files; each file overrides those before it",
    )
    profiles: Words = Field(
        default=(), description="The active profiles; if none are named, those in COMPOSE_PROFILES"
    )
    env_file: Path = Field(
        default=Path(".env"),
        description="Variables for this file and the compose file; the environment overrides them",
    )
    project: str | None = Field(
        default=None, description="The compose project; null for the name that Compose gives it"
    )
    services: Services
    app: App
    applications: dict[str, OwnApplication] = Field(
        default_factory=dict,
        description="Applications with a port, health path or release of their own, by name",
    )
    database: Database | None = Field(
        default=None, description="The database; null if the stack has none"
    )
    cache: Cache = Cache()
    backup: Backup = Backup()
    migrate: Migrate = Migrate()
    cache_clear: CacheClear = CacheClear()
    restart: Restart = Restart()
    maintenance: Maintenance = Maintenance()
    proxy: Proxy = Proxy()
    features: dict[str, Feature] = Field(
        default_factory=dict, description="Features that can be switched on and off, by name"
    )
    verify: Verify = Verify()
    probe: Probe = Probe()
    watch: Soak = Soak()
    monitoring: Monitoring = Monitoring()
    diagnose: Diagnose = Diagnose()
    checklist: Checklist = Checklist()
    lock: Lock = Lock()
    volumes: Volumes = Volumes()

    _presumed_by_application: dict[str, Presumed] = PrivateAttr(default_factory=dict)

    @property
    def all_applications(self) -> tuple[Application, ...]:
        """All applications; the first one is the main application."""
        return applications_of(
            self.app, self.applications, self.services.app, self._presumed_by_application
        )

    def with_presumed(self, presumed: Mapping[str, Presumed]) -> Settings:
        """Return a copy with these protocols, ports and scripts; the keys name applications."""
        copy = self.model_copy()
        copy._presumed_by_application = dict(presumed)
        return copy

    def has_port(self, application: Application) -> bool:
        """Whether the settings name the port of the application."""
        own = self.applications.get(application.name)
        return any("port" in keys.model_fields_set for keys in (self.app, own) if keys is not None)

    @property
    def main_application(self) -> Application:
        """The application that has the console, the scheduler and the workers."""
        return self.all_applications[0]

    def application_of(self, service: str) -> Application | None:
        """Return the application that the service is a replica of; None for any other service."""
        return next((each for each in self.all_applications if service in each.services), None)

    def applications_with(self, services: Iterable[str]) -> list[Application]:
        """Return the applications that have one or more of these services as replicas."""
        names = set(services)
        return [each for each in self.all_applications if not names.isdisjoint(each.services)]

    def released_by(self, application: Application) -> Words:
        """Return all services that run the application's image.

        These are its replicas, and for the main application the scheduler and the workers.
        """
        singletons = self.services.singletons if application.is_main else ()
        return (*application.services, *singletons)

    def with_services(self, services: Services, replicas: Mapping[str, Sequence[str]]) -> Settings:
        """Return a copy with these roles, in which applications name replicas, not services.

        `replicas` maps a service to the names of its replicas. The copy has an entry for each
        application, so that each keeps its name.
        """
        applications = {
            each.name: self.applications.get(each.name, OwnApplication()).model_copy(
                update={"services": named_replicas(each.services, replicas)}
            )
            for each in self.all_applications
        }
        return self.model_copy(update={"services": services, "applications": applications})

    def without_services(self, names: Collection[str]) -> Settings:
        """Return a copy in which no command touches these services.

        Only services that a deploy replaces may be named. Each application keeps its name; an
        application that loses all of its services is left out.
        """
        rest = {each.name: without(each.services, names) for each in self.all_applications}
        applications = {
            name: self.applications.get(name, OwnApplication()).model_copy(
                update={"services": services}
            )
            for name, services in rest.items()
            if services
        }
        services = self.services.without(names)
        return self.model_copy(update={"services": services, "applications": applications})

    @model_validator(mode="after")
    def _has_consistent_applications(self) -> Settings:
        require_consistent(self.applications, self.services.app)
        return self

    @model_validator(mode="after")
    def _has_no_contradiction(self) -> Settings:
        require_database_and_role(self)
        require_no_use_of_absent_parts(self)
        require_lists_without_contradiction(self.services)
        return self

    @model_validator(mode="after")
    def _names_known_feature(self) -> Settings:
        if self.verify.feature and self.verify.feature not in self.features:
            raise ValueError(f"verify.feature: features has no {self.verify.feature!r}")
        return self
