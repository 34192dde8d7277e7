"""The settings, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """The address and login of the database. `repr` omits the password."""

    host: str
    port: int
    name: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"DatabaseSettings({self.user}@{self.host}:{self.port}/{self.name})"


@dataclass(frozen=True, kw_only=True)
class RedisSettings:
    """The address of Redis, and its password ("" if it has none). `repr` omits the password."""

    host: str
    port: int
    password: str = ""

    def __repr__(self) -> str:
        return f"RedisSettings({self.host}:{self.port})"


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """The size of the batches in which heartbeats are written, and of the queue before them.

    `linger` is how long a batch waits for more heartbeats, in seconds.
    """

    size: int
    linger: float
    queue_size: int


@dataclass(frozen=True, kw_only=True)
class LimiterSettings:
    """The rate limit: `limit` heartbeats per device in `window` seconds."""

    limit: int
    window: int


@dataclass(frozen=True, kw_only=True)
class MonitorSettings:
    """The periods of the status monitor, in seconds.

    A heartbeat is late after `interval` plus `tolerance`, and a device is gone after
    `grace_period`. `interval` and `grace_period` apply until a migration adds columns for them to
    `remotes`.
    """

    interval: int
    grace_period: int
    tolerance: int


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a process of the application."""

    release: str
    environment: str
    database: DatabaseSettings
    redis: RedisSettings
    batch: BatchSettings
    limiter: LimiterSettings
    monitor: MonitorSettings
    http_port: int
    worker_name: str
    log_file: Path
    alive_file: Path
    migrations: Path
    features: Path


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables.

    Raises `ValueError` with the variable's name if a variable must be a whole number and is not.
    """
    get = environment.get

    def number(name: str, default: int) -> int:
        text = get(name) or str(default)
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"{name} must be a whole number, not {text!r}") from None

    return Settings(
        release=get("APP_VERSION", "dev"),
        environment=get("APP_ENV", "production"),
        database=DatabaseSettings(
            host=get("DB_HOST", "platform-db"),
            port=number("DB_PORT", 3306),
            name=get("DB_DATABASE", "platform"),
            user=get("DB_USERNAME", "platform"),
            password=get("DB_PASSWORD", ""),
        ),
        redis=RedisSettings(
            host=get("REDIS_HOST", "platform-redis"),
            port=number("REDIS_PORT", 6379),
            password=get("REDIS_PASSWORD", ""),
        ),
        batch=BatchSettings(
            size=number("HEARTBEAT_BATCH_SIZE", 200),
            linger=number("HEARTBEAT_BATCH_MILLISECONDS", 2) / 1000,
            queue_size=number("HEARTBEAT_QUEUE_SIZE", 5000),
        ),
        limiter=LimiterSettings(
            limit=number("HEARTBEAT_RATE_LIMIT", 120),
            window=number("HEARTBEAT_RATE_WINDOW_SECONDS", 60),
        ),
        monitor=MonitorSettings(
            interval=number("HEARTBEAT_INTERVAL_SECONDS", 30),
            grace_period=number("HEARTBEAT_GRACE_PERIOD_SECONDS", 60),
            tolerance=number("HEARTBEAT_TOLERANCE_SECONDS", 15),
        ),
        http_port=number("HTTP_LISTEN_PORT", 80),
        worker_name=get("WORKER_NAME", "queue-1"),
        log_file=Path(get("LOG_FILE", "/var/www/storage/logs/laravel.log")),
        alive_file=Path(get("ALIVE_FILE", "/tmp/cosmic-alive")),  # noqa: S108 - gone with the container
        migrations=Path(get("MIGRATIONS_PATH", "/var/www/database/migrations")),
        features=Path(get("FEATURES_PATH", "/var/www/storage/features")),
    )
