"""Connect to the stack's cache (Redis)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cosmicdeploy.context import Context
from cosmicdeploy.engine.containers.reachable import reachable_address

if TYPE_CHECKING:
    from redis import Redis

PORT = 6379
TIMEOUT_SECONDS = 2.0


def open_cache(ctx: Context, name: str, database: int = 0) -> Redis:
    """Return a client of the cache service `name`; the client connects at its first command.

    `database` is the number of the Redis database.

    Raises `EngineError` if the service does not run or its port cannot be reached, and
    `ConfigError` if the variable of its password is not set.
    """
    import redis  # slow to import

    host, port = reachable_address(ctx.running(name), PORT)
    variable = ctx.settings.cache.password_variable
    password = ctx.loaded.secret(variable, may_be_empty=True) if variable else ""
    return redis.Redis(
        host=host,
        port=port,
        db=database,
        password=password or None,
        socket_timeout=TIMEOUT_SECONDS,
    )
