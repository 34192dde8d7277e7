"""Migrations wait seconds for a table's lock, not the server's day: every request to the table
waits behind them. The server's own setting is put back afterwards, by the next run after a kill."""

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
    """What to keep in `before["lock_wait"]`: the server's seconds, and those to be set."""
    return {"former": _read(ctx), "set": ctx.settings.migrate.lock_wait}


@contextmanager
def short_lock_wait(ctx: Context, kept: LockWait) -> Iterator[None]:
    """Sessions that begin in the block wait `kept["set"]` seconds. Without the right to say so,
    that is told, and the server's own seconds hold."""
    try:
        _write(ctx, kept["set"])
    except DatabaseError as error:
        ctx.say(f"locks are waited for {kept['former']} s, as the server has it: {error.what}")
        yield
        return
    try:
        yield
    finally:
        put_back(ctx, kept)


def put_back(ctx: Context, kept: LockWait) -> None:
    """Let the server wait as before, where it waits as we set it; says so where that fails."""
    try:
        if _read(ctx) == kept["set"]:
            _write(ctx, kept["former"])
    except CosmicError as error:  # a server that starts anew has its own setting again
        statement = f"SET GLOBAL lock_wait_timeout = {kept['former']}"
        ctx.say(f"the server's lock wait is not put back ({error.what}): {statement}")


def lock_wait_left(ctx: Context) -> LockWait | None:
    """What a killed run set and did not put back; None where all is as it should be."""
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
    """Put back what a killed run left; whether there was anything. Raises `DatabaseError`."""
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
