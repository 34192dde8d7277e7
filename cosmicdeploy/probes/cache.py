"""Connect to the stack's cache (Redis)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cosmicdeploy.context import Context
from cosmicdeploy.engine.containers.reachable import reachable_address
from cosmicdeploy.signals import made_interruptible

if TYPE_CHECKING:
    from redis import Redis

PORT = 6379
TIMEOUT_SECONDS = 2.0
# A lost connection is tried again, such as that of a server which is just starting. A server that
# stays silent is not: the client's own retries would take half a minute.
RETRIES, PAUSE_SECONDS = 3, 0.3


def open_cache(ctx: Context, name: str, database: int = 0) -> Redis:
    """Return a client of the cache service `name`; the client connects at its first command.

    `database` is the number of the Redis database. A command fails after `TIMEOUT_SECONDS` without
    an answer, and a signal may interrupt it: it must leave nothing half done.

    Raises `EngineError` if the service does not run or its port cannot be reached, and
    `ConfigError` if the variable of its password is not set.
    """
    import redis  # slow to import
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    host, port = reachable_address(ctx.running(name), PORT)
    variable = ctx.settings.cache.password_variable
    password = ctx.loaded.secret(variable) if variable else None
    client = redis.Redis(
        host=host,
        port=port,
        db=database,
        password=password,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(ConstantBackoff(PAUSE_SECONDS), RETRIES, (redis.ConnectionError,)),
    )
    client.execute_command = made_interruptible(client.execute_command)  # type: ignore[method-assign]
    return client
