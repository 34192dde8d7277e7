"""Shorten the server's lock wait while migrations run.

A migration that waits for a table's lock holds up every later request to the table, by the
server's default for up to a day. The server's own setting is restored afterwards, after a kill by
the next run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import CosmicError, DatabaseError

LockWait = Mapping[str, int]

TIMED_OUT = "Lock wait timeout exceeded"


def lock_wait_before(ctx: Context) -> dict[str, int]:
    """Return what the journal keeps in `before["lock_wait"]`: the server's seconds, and those to
    set."""
    return {"former": _read(ctx), "set": ctx.settings.migrate.lock_wait}


@contextmanager
def short_lock_wait(ctx: Context, kept: LockWait) -> Iterator[None]:
    """Let sessions that begin in the block wait `kept["set"]` seconds for a lock.

    Without the privilege to set that, says so; the server's own seconds apply.
    """
    try:
        _write(ctx, kept["set"])
    except DatabaseError as error:
        ctx.say(f"locks are waited for {kept['former']} s, the server's setting: {error.what}")
        yield
        return
    try:
        yield
    finally:
        put_back(ctx, kept)


def put_back(ctx: Context, kept: LockWait) -> None:
    """Restore the server's lock wait if it still has the value that was set; says so if that
    fails."""
    try:
        if _read(ctx) == kept["set"]:
            _write(ctx, kept["former"])
    except CosmicError as error:  # a restarted server has its own setting again
        statement = f"SET GLOBAL lock_wait_timeout = {kept['former']}"
        ctx.say(f"the server's lock wait is not put back ({error.what}): {statement}")


def lock_wait_left(ctx: Context) -> LockWait | None:
    """Return what a killed run set and did not restore; None if there is nothing."""
    kept: LockWait | None = None
    for record in ctx.journal.records():
        before: Mapping[str, Any] = record.get("before") or {}
        if record["kind"] == "intent" and "lock_wait" in before:
            kept, step = before["lock_wait"], record["step"]
        elif kept and record["kind"] in ("done", "undone") and record["step"] == step:
            kept = None
    if kept is None or kept["former"] == kept["set"]:
        return None
    return kept if _read(ctx) == kept["set"] else None


def restore_lock_wait(ctx: Context) -> bool:
    """Restore what a killed run left; return whether there was anything. Raises `DatabaseError`."""
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
