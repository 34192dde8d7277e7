"""The whole of `cosmicdeploy.yaml`. Its commented example is its schema."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from cosmicdeploy.settings.app import App, CacheClear, Feature
from cosmicdeploy.settings.checklist import Checklist
from cosmicdeploy.settings.database import Backup, Cache, Database, Migrate
from cosmicdeploy.settings.diagnose import Diagnose
from cosmicdeploy.settings.monitoring import Monitoring
from cosmicdeploy.settings.probe import Probe, Watch
from cosmicdeploy.settings.rollout import Maintenance, Proxy, Restart
from cosmicdeploy.settings.section import Section
from cosmicdeploy.settings.services import Services
from cosmicdeploy.settings.verify import Verify


class Lock(Section):
    """In seconds."""

    stale_after: float = Field(default=30, ge=5)


class Settings(Section):
    """Everything about one stack."""

    compose_file: Path = Path("docker-compose.prod.yml")
    env_file: Path = Path(".env")
    project: str | None = None
    services: Services
    app: App
    database: Database
    cache: Cache = Cache()
    backup: Backup = Backup()
    migrate: Migrate = Migrate()
    cache_clear: CacheClear = CacheClear()
    restart: Restart = Restart()
    maintenance: Maintenance = Maintenance()
    proxy: Proxy = Proxy()
    features: dict[str, Feature] = Field(default_factory=dict)
    verify: Verify = Verify()
    probe: Probe = Probe()
    watch: Watch = Watch()
    monitoring: Monitoring = Monitoring()
    diagnose: Diagnose = Diagnose()
    checklist: Checklist = Checklist()
    lock: Lock = Lock()

    @model_validator(mode="after")
    def _feature_is_known(self) -> Settings:
        if self.verify.feature and self.verify.feature not in self.features:
            raise ValueError(f"verify.feature: features has no {self.verify.feature!r}")
        return self
