"""`cosmicdeploy.yaml`, read once, validated and frozen. Its commented example is its schema."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from cosmicdeploy.database.place import Place, require_tellable
from cosmicdeploy.database.retention import Keep
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.environment import variables
from cosmicdeploy.stack.interpolate import interpolate_values
from cosmicdeploy.validation import validated
from cosmicdeploy.yamlfile import read

FILE_NAME = "cosmicdeploy.yaml"

Words = tuple[str, ...]


class Section(BaseModel):
    """Part of the settings: frozen, and no key that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Role = Literal["app", "scheduler", "worker"]
Support = Literal["database", "cache", "proxy"]


class Services(Section):
    """Which service of the compose file plays which part."""

    app: Words = Field(min_length=1)
    scheduler: str | None = None
    worker: Words = ()
    database: str
    cache: str | None = None
    proxy: str | None = None

    @property
    def released(self) -> Words:
        """All services that run the application's own image, in the order of a roll."""
        return (*self.app, *self.singletons)

    @property
    def singletons(self) -> Words:
        """Scheduler and workers: what acts by itself."""
        return (*((self.scheduler,) if self.scheduler else ()), *self.worker)

    def of(self, roles: Iterable[Role | Support]) -> Words:
        """The services that play these parts, in the order of the roles."""
        named: Mapping[str, Words | str | None] = dict(self)
        found = (named[role] for role in roles)
        return tuple(
            name for part in found if part for name in ((part,) if isinstance(part, str) else part)
        )

    @property
    def infrastructure(self) -> Words:
        """What a deploy never replaces."""
        return self.of(("database", "cache", "proxy"))

    @property
    def all(self) -> Words:
        return (*self.infrastructure, *self.released)


class App(Section):
    """How to talk to the application; `log_file` is a path in its containers. `user` runs the
    console, None for the containers' own."""

    console: Words = Field(min_length=1)
    user: str | None = None
    log_file: PurePosixPath | None = None
    port: int = 80
    health_path: str = "/api/health"
    release_variable: str = "APP_VERSION"
    release_header: str | None = None


class Database(Section):
    """The schema, and who may read and write it."""

    name: str
    user: str = "root"
    password_variable: str = "DB_ROOT_PASSWORD"  # noqa: S105 - the name of a variable
    port: int = 3306


class Cache(Section):
    """Redis, where `services.cache` names one."""

    password_variable: str | None = None


class Backup(Section):
    """Where backups are kept, which of them stay, and where copies go."""

    directory: Path = Path("data-kiosk/backups")
    exact: bool = True
    keep: Keep = Keep()
    copies: tuple[Place, ...] = ()

    @field_validator("copies")
    @classmethod
    def _tellable(cls, places: tuple[Place, ...]) -> tuple[Place, ...]:
        require_tellable(places)
        return places


class Migrate(Section):
    """Console arguments, times in seconds; `allow` names migrations that may destroy."""

    command: Words = ("migrate", "--force")
    status: Words = ("migrate:status",)
    rollback: Words = ("migrate:rollback", "--force")
    pretend: Words | None = ("migrate", "--pretend", "--force")
    allow: Words = ()
    lock_wait: int = Field(default=10, ge=1)
    timeout: float = Field(default=900, gt=0)


class CacheClear(Section):
    """Console commands that are run once for each new image."""

    commands: Words = ()


Order = Literal["stop-first", "start-first"]


class Orders(Section):
    """Which goes first, by role; there is never a second scheduler."""

    app: Order = "stop-first"
    worker: Order = "stop-first"


class Restart(Section):
    """Times in seconds, the rest in numbers of containers and of answers.

    `between_jobs` are those who do not heed their stop signal and do each job in a process of its
    own.
    """

    order: Orders = Orders()
    between_jobs: tuple[Literal["scheduler", "worker"], ...] = ()
    max_unavailable: int = Field(default=1, ge=1)
    max_surge: int = Field(default=1, ge=1)
    healthy_within: float = Field(default=60, gt=0)
    passes: int = Field(default=3, ge=1)
    pause: float = Field(default=2, ge=0)


class Maintenance(Section):
    """How clients are turned away while data is exchanged: `file` is looked for by the proxy."""

    file: PurePosixPath | None = None


class Proxy(Section):
    """`out_of_service` names a file in the proxy's container for each replica, by `{service}`."""

    out_of_service: str | None = None

    @field_validator("out_of_service")
    @classmethod
    def _of_each(cls, path: str | None) -> str | None:
        if path is not None and not (path.startswith("/") and "{service}" in path):
            raise ValueError("must be an absolute path with {service} in it")
        return path


class BeatId(Section):
    """A key of the beat's body that takes an id, and the column that then holds it."""

    field: str
    table: str
    column: str


class Heartbeat(Section):
    """A request that only a working release answers well."""

    path: str
    token_variable: str
    body: dict[str, Any] = Field(default_factory=dict)
    answers_with: str
    id: BeatId | None = None


class Feature(Section):
    """How a feature is switched: by console arguments, or by a `file` that is there while it is
    off."""

    enable: Words = ()
    disable: Words = ()
    state: Words = ()
    file: Path | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Feature:
        commands = (self.enable, self.disable, self.state)
        if any(commands) if self.file else not all(commands):
            raise ValueError("must have enable, disable and state, or file alone")
        return self


class Verify(Section):
    """What must hold after a deploy; `feature` switches the command's schedule off."""

    columns: dict[str, Words] = Field(default_factory=dict)
    command: str | None = None
    feature: str | None = None
    dry_run: Words = ()
    schedule: Words = ("schedule:list",)
    heartbeat: Heartbeat | None = None


def _tellable(url: str | None) -> str | None:
    if url and "@" in urlsplit(url).netloc:
        raise ValueError("must hold no user and no password: it is shown in reports")
    return url


Url = Annotated[str, AfterValidator(_tellable)]


class Probe(Section):
    """`rate` in requests per second."""

    url: Url | None = None
    rate: float = Field(default=20, ge=0, le=200)
    on_failure: Literal["report", "rollback"] = "report"


class LatencyFloor(Section):
    """In seconds."""

    p50: float = Field(default=0.05, ge=0)
    p99: float = Field(default=0.5, ge=0)


class Watch(Section):
    """`seconds` after a roll; rates are shares of one."""

    seconds: float = Field(default=15, ge=0)
    max_error_rate: float = Field(default=0.01, ge=0, le=1)
    max_latency_ratio: float = Field(default=3, ge=1)
    latency_floor: LatencyFloor = LatencyFloor()


class DeviceColumns(Section):
    """The table of devices, by what each column holds; those that may be None need not be there."""

    table: str
    id: str = "id"
    name: str = "name"
    status: str = "status"
    changed_at: str
    previous: str | None = None
    reason: str | None = None
    source: str | None = None

    @property
    def needed(self) -> Words:
        """Without these there is nothing to tell."""
        return (self.id, self.name, self.status, self.changed_at)

    def selected(self, there: Collection[str]) -> dict[str, str]:
        """What to read of a table with these columns: by the name that it is told with."""
        wanted = {
            "device_id": self.id,
            "device_name": self.name,
            "from_status": self.previous,
            "to_status": self.status,
            "reason": self.reason,
            "source": self.source,
        }
        return {key: column for key, column in wanted.items() if column and column in there}


class TransitionColumns(Section):
    """The table that has a row for each transition; its `id` counts up."""

    table: str
    id: str = "id"
    device: str
    before: str | None = None
    after: str
    at: str
    reason: str | None = None
    source: str | None = None

    @property
    def needed(self) -> Words:
        """Without these there is nothing to tell."""
        return (self.id, self.device, self.after, self.at)

    def selected(self, there: Collection[str]) -> dict[str, str]:
        """As `DeviceColumns.selected`."""
        wanted = {
            "id": self.id,
            "device_id": self.device,
            "from_status": self.before,
            "to_status": self.after,
            "reason": self.reason,
            "source": self.source,
        }
        return {key: column for key, column in wanted.items() if column and column in there}


class FlappingLimit(Section):
    """More transitions of a device than `more_than` within so many seconds."""

    more_than: int = Field(default=3, ge=1)
    seconds: float = Field(default=300, gt=0)


class Monitoring(Section):
    """What `watch` looks at: words of log lines, tables, limits; `recent` in seconds."""

    transition: str = ""
    log_file: bool = False
    devices: DeviceColumns | None = None
    transitions: TransitionColumns | None = None
    flapping: FlappingLimit = FlappingLimit()
    recent: float = Field(default=3600, gt=0)


class OverlapLock(Section):
    """A key of the cache, or a pattern of keys: what keeps two runs of `verify.command` apart."""

    key: str
    database: int = 0


class Diagnose(Section):
    """Paths in the application's containers, times in seconds, `connections` as a share of one."""

    command_file: PurePosixPath | None = None
    config_cache: PurePosixPath | None = None
    overlap_lock: OverlapLock | None = None
    slow_after: float = Field(default=5, gt=0)
    end_after: float = Field(default=30, gt=0)
    connections: float = Field(default=0.8, gt=0, le=1)


class External(Section):
    """A service beside the stack: the status that it has to answer with, and a text in the body."""

    name: str
    url: Url
    status: int = Field(default=200, ge=100, le=599)
    body: str = ""


class Borne(Section):
    """What is well whatever it was before. `latency` in seconds; `failures`, `limited` and `hits`
    are shares of one, the last one a difference."""

    failures: float = Field(default=0.001, ge=0, le=1)
    error_lines: int = Field(default=3, ge=0)
    limited: float = Field(default=0.2, ge=0, le=1)
    latency: float = Field(default=0.005, ge=0)
    threads: int = Field(default=10, ge=1)
    per_minute: float = Field(default=1, ge=0)
    hits: float = Field(default=0.02, ge=0, le=1)


class Checklist(Section):
    """What `checklist` goes by: words and patterns of log lines, and from when on more is worse."""

    scheduled: str = ""
    errors: re.Pattern[str] = re.compile(r"\b(?:ERROR|CRITICAL|ALERT|EMERGENCY)\b")
    migration_errors: re.Pattern[str] = re.compile(
        r"(?i)SQLSTATE\[42S|unknown column|table .*doesn.t exist"
        r"|migrat\w* .*\b(?:error|exception|failed)\b"
    )
    burst: int = Field(default=150, ge=1, le=1000)
    external: tuple[External, ...] = ()
    ratio: float = Field(default=1.5, ge=1)
    borne: Borne = Borne()


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


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Settings with the place they came from and the variables they and the stack may use."""

    file: Path
    settings: Settings
    variables: Mapping[str, str] = field(repr=False)  # secrets are among them

    @property
    def directory(self) -> Path:
        """The stack's folder: relative paths start here."""
        return self.file.parent

    @property
    def state_directory(self) -> Path:
        """Where journals and releases are kept."""
        return self.directory / ".cosmicdeploy"

    def path(self, relative: Path) -> Path:
        """A path of the settings, made absolute."""
        return (self.directory / relative).resolve()

    def secret(self, variable: str) -> str:
        """A secret by its variable's name; raises `ConfigError` where it is not set."""
        value = self.variables.get(variable)
        if not value:
            raise ConfigError(
                f"The variable {variable} is not set",
                where=str(self.path(self.settings.env_file)),
                todo=f"set {variable} there or in the environment",
            )
        return value


def find(start: Path) -> Path:
    """The nearest `cosmicdeploy.yaml` from a folder upwards, as git looks for its own."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise ConfigError(
        f"There is no {FILE_NAME} here or in a folder above",
        where=str(start),
        todo="run `cosmicdeploy init` to lay one out, or name one with --config FILE",
    )


def load(file: Path, environ: Mapping[str, str]) -> Loaded:
    """Read and validate; raises `ConfigError` with file, line and the nearest known key."""
    document = read(file.resolve())
    env_file = document.path.parent / str(document.data.get("env_file") or ".env")
    known = variables(env_file, environ)
    data = interpolate_values(document, known)
    settings = validated(Settings, data, document)
    return Loaded(file=document.path, settings=settings, variables=known)
