"""Connect to the stack's cache (Redis)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.reachable import reachable_address
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.process.signals import interruptible, made_interruptible

if TYPE_CHECKING:
    from redis import Redis

PORT = 6379
TIMEOUT_SECONDS = 2.0
# The key of the write with which the deployer tests whether Redis refuses writes. It is never set.
PROBE_KEY = "cosmicdeploy:probe"
# After a lost connection, the client tries again, since the server may just be starting. It does
# not try again if the server stays silent: the client's own retries would take half a minute.
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
    password = ctx.loaded.secret(variable, may_be_empty=True) if variable else ""
    client = redis.Redis(
        host=host,
        port=port,
        db=database,
        password=password or None,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(ConstantBackoff(PAUSE_SECONDS), RETRIES, (redis.ConnectionError,)),
    )
    client.execute_command = made_interruptible(client.execute_command)  # type: ignore[method-assign]
    return client


@contextmanager
def cache_session(ctx: Context, name: str) -> Iterator[Redis]:
    """Open a client of the cache service `name`, and close it at the end of the block.

    Raises `ProbeFailed` if Redis does not answer or refuses a command in the block, or refuses the
    password or its absence. Also raises what `open_cache` raises.
    """
    import redis  # slow to import

    client = open_cache(ctx, name)
    try:
        yield client
    except redis.AuthenticationError as error:
        raise _refused_login(ctx, name, error) from error
    except redis.RedisError as error:
        raise ProbeFailed(
            f"Redis cannot be queried: {error}",
            where=name,
            todo=f"see `cosmicdeploy logs {name} --tail 100`",
        ) from error
    finally:
        client.close()


def _refused_login(ctx: Context, name: str, error: Exception) -> ProbeFailed:
    """Return the error if Redis requires a password, has another one, or has none."""
    variable = ctx.settings.cache.password_variable
    if variable is None:
        what, todo = "Redis requires a password", "set `cache.password_variable`"
    else:
        what = f"Redis refuses the password in {variable}: {error}"
        todo = f"correct {variable}, or remove `cache.password_variable` if Redis has no password"
    return ProbeFailed(what, where=name, todo=todo)


def read_info(client: Redis) -> Mapping[str, Any]:
    """Return the values of Redis's command INFO."""
    info: Mapping[str, Any] = client.info()
    return info


def refusal_of_writes(client: Redis) -> str:
    """Return the error with which Redis refuses a write now, such as "OOM …"; else "".

    Changes nothing: Redis refuses a write as soon as a transaction names it, and the transaction is
    discarded. Raises what the client raises if Redis does not answer.
    """
    import redis  # slow to import

    # On a connection of its own, so that the client does not repeat the write after an error.
    connection: Any = client.connection_pool.get_connection()
    try:
        with interruptible():
            for command in (("MULTI",), ("SET", PROBE_KEY, "", "PX", "1"), ("DISCARD",)):
                connection.send_command(*command)
                connection.read_response()
    except (redis.ResponseError, redis.exceptions.BusyLoadingError) as error:
        return _error_text(error)
    finally:
        connection.disconnect()
        client.connection_pool.release(connection)
    return ""


def _error_text(error: Exception) -> str:
    """Return an error as Redis sent it: the client removes the first word of some errors."""
    import redis  # slow to import

    codes: Mapping[type[Exception], str] = {
        redis.OutOfMemoryError: "OOM",
        redis.ReadOnlyError: "READONLY",
        redis.exceptions.BusyLoadingError: "LOADING",
        redis.exceptions.NoPermissionError: "NOPERM",
    }
    code, text = codes.get(type(error), ""), str(error)
    return text if not code or text.startswith(code) else f"{code} {text}"
