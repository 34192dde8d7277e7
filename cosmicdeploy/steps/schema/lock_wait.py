"""Shorten the server's lock wait while migrations run.

A migration that waits for a table's lock blocks every later request to the table; by MariaDB's
default, for up to a day. The server's own setting is restored afterwards, or by the next run if
this run is killed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import CosmicError, DatabaseError

LockWait = Mapping[str, int]

TIMED_OUT = "Lock wait timeout exceeded"


def lock_wait_before(ctx: Context) -> dict[str, int]:
    """Return the server's lock wait (`former`) and the one to set (`set`), both in seconds.

    The journal records both as `lock_wait`.
    """
    return {"former": _read(ctx), "set": ctx.settings.migrate.lock_wait}


@contextmanager
def short_lock_wait(ctx: Context, kept: LockWait) -> Iterator[None]:
    """Make sessions that begin inside the block wait at most `kept["set"]` seconds for a lock.

    `kept` is the result of `lock_wait_before`. If the server refuses, for example because the
    deployer lacks the privilege, only reports that. The server's own setting then applies.
    """
    try:
        _write(ctx, kept["set"])
    except DatabaseError as error:
        ctx.say(
            f"migrations wait {kept['former']} s for a lock, as the server is set: {error.what}"
        )
        yield
        return
    try:
        yield
    finally:
        put_back(ctx, kept)


def put_back(ctx: Context, kept: LockWait) -> None:
    """Restore the server's lock wait if it still has the value that was set.

    A failure is only reported.
    """
    try:
        if _read(ctx) == kept["set"]:
            _write(ctx, kept["former"])
    except CosmicError as error:  # a restarted server has its own setting anyway
        statement = f"SET GLOBAL lock_wait_timeout = {kept['former']}"
        ctx.say(f"the server's lock wait was not restored ({error.what}); run `{statement}`")


def lock_wait_left(ctx: Context) -> LockWait | None:
    """Return the lock wait that a killed run set and did not restore; None if there is none.

    Also None if the server has another value by now, for example after its restart. Raises
    `DatabaseError`.
    """
    kept: LockWait | None = None

    # `search` calls this for a line after the loop below has handled the earlier records. So `kept`
    # is up to date, and most ends of steps are skipped without parsing them.
    def is_relevant(line: bytes) -> bool:
        ends = kept is not None and (b'"done"' in line or b'"undone"' in line)
        return ends or b'"lock_wait"' in line

    for record in ctx.journal.search(is_relevant):
        before: Mapping[str, Any] = record.get("before") or {}
        if record["kind"] == "intent" and "lock_wait" in before:
            kept, step = before["lock_wait"], record["step"]
        elif kept and record["kind"] in ("done", "undone") and record["step"] == step:
            kept = None
    if kept is None or kept["former"] == kept["set"]:
        return None
    return kept if _read(ctx) == kept["set"] else None


def restore_lock_wait(ctx: Context) -> bool:
    """Restore the lock wait that a killed run set; return whether there was one to restore.

    Raises `DatabaseError`.
    """
    kept = lock_wait_left(ctx)
    if kept is not None:
        _write(ctx, kept["former"])
    return kept is not None


def _read(ctx: Context) -> int:
    with open_session(ctx.database()) as session:
        return int(session.rows("SELECT @@GLOBAL.lock_wait_timeout")[0][0])


def _write(ctx: Context, seconds: int) -> None:
    with open_session(ctx.database()) as session:
        session.execute("SET GLOBAL lock_wait_timeout = %s", seconds)
