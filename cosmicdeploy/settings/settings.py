"""The model of `cosmicdeploy.yaml`; the shipped file explains every key."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from cosmicdeploy.settings.absent import (
    require_database_and_role,
    require_no_use_of_absent_parts,
)
from cosmicdeploy.settings.app import App, CacheClear, Feature, Verify
from cosmicdeploy.settings.database import Backup, Cache, Database, Migrate
from cosmicdeploy.settings.monitoring import Checklist, Diagnose, Monitoring
from cosmicdeploy.settings.rollout import Maintenance, Probe, Proxy, Restart, Soak
from cosmicdeploy.settings.section import Paths, Section, Words
from cosmicdeploy.settings.services import Services
from cosmicdeploy.settings.without_role import require_lists_without_contradiction


class Lock(Section):
    """When a run takes over the lock of a run that no longer responds."""

    stale_after: float = Field(
        default=30,
        ge=5,
        description="Seconds without renewal after which a lock is stale; a run renews its lock"
        " every 2 s",
    )


class Settings(Section):
    """The whole of `cosmicdeploy.yaml`."""

    compose_file: Paths = Field(
        default=(Path("docker-compose.prod.yml"),),
        description="The compose file, or a list of files, of which each overrides those before it",
    )
    profiles: Words = Field(
        default=(), description="The active profiles; if there are none, COMPOSE_PROFILES counts"
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

    @model_validator(mode="after")
    def _asks_for_what_can_be(self) -> Settings:
        require_database_and_role(self)
        require_no_use_of_absent_parts(self)
        require_lists_without_contradiction(self.services)
        return self

    @model_validator(mode="after")
    def _names_known_feature(self) -> Settings:
        if self.verify.feature and self.verify.feature not in self.features:
            raise ValueError(f"verify.feature: features has no {self.verify.feature!r}")
        return self
