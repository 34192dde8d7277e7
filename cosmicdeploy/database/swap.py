"""Exchange the live tables for others in one statement, and keep the old ones beside.

RENAME TABLE moves all tables at once or none; foreign keys between them move along, and rights
that are granted on a schema's name stay with the name.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from cosmicdeploy.database.access import DatabaseAccess, Session, error_code, open_session, quoted
from cosmicdeploy.database.facts import Facts
from cosmicdeploy.database.faithful import require_swappable
from cosmicdeploy.database.schemas import (
    before_name,
    create_schema_like,
    drop_empty_schema,
    drop_schema,
    shadow_name,
)
from cosmicdeploy.database.views import read_views, replace_views
from cosmicdeploy.errors import BackupError

LOCK_WAIT_SECONDS = 3
GIVE_UP_SECONDS = 60
LOCK_WAIT_TIMEOUT = 1205


@dataclass(frozen=True, kw_only=True)
class Swapped:
    """The tables that came into the live schema, and those that left it."""

    came: tuple[str, ...]
    left: tuple[str, ...]


def swap(access: DatabaseAccess) -> Swapped:
    """Make the shadow schema's tables the live ones; the live ones go to the "before" schema.

    Writers should be stopped. Raises `BackupError` where there is no shadow or an earlier "before"
    is still kept, `DatabaseError` where no moment without a lock was found; nothing moved then.
    """
    live, shadow, before = access.name, shadow_name(access.name), before_name(access.name)
    with open_session(access) as session:
        if not Facts(session, shadow).engines():
            raise BackupError("no backup was loaded", where=shadow, todo="load one first")
        require_no_before(session, access)
        return _exchange(session, live=live, incoming=shadow, outgoing=before)


def swap_back(access: DatabaseAccess) -> Swapped:
    """Undo a swap: the kept tables are live again, the restored ones are dropped.

    Raises `BackupError` where nothing was kept, `DatabaseError` as `swap` does.
    """
    live, shadow, before = access.name, shadow_name(access.name), before_name(access.name)
    with open_session(access) as session:
        if not Facts(session, before).engines():
            raise BackupError("no earlier data is kept", where=before, todo="nothing to undo")
        drop_schema(session, shadow)
        swapped = _exchange(session, live=live, incoming=before, outgoing=shadow)
        drop_schema(session, shadow)
        return swapped


def has_before(access: DatabaseAccess) -> bool:
    """Whether the data that a restore replaced is still kept. Raises `DatabaseError`."""
    with open_session(access) as session:
        return bool(Facts(session, before_name(access.name)).engines())


def drop_before(access: DatabaseAccess) -> None:
    """Let go of the data that a restore replaced. Raises `DatabaseError`."""
    with open_session(access) as session:
        drop_schema(session, before_name(access.name))


def require_no_before(session: Session, access: DatabaseAccess) -> None:
    """Raise `BackupError` where the data before an earlier restore is still kept."""
    before = before_name(access.name)
    if Facts(session, before).engines():
        raise BackupError(
            "the data before an earlier restore is still kept",
            where=before,
            todo="confirm or undo that restore first",
        )


def _exchange(session: Session, *, live: str, incoming: str, outgoing: str) -> Swapped:
    for schema in (live, incoming):
        require_swappable(Facts(session, schema))
    views_in, views_out = read_views(session, incoming), read_views(session, live)
    left, came = Facts(session, live).engines(), Facts(session, incoming).engines()
    drop_empty_schema(session, outgoing)
    create_schema_like(session, live, outgoing)
    _rename(session, [*_moves(left, live, outgoing), *_moves(came, incoming, live)])
    replace_views(session, outgoing, views_out)
    replace_views(session, live, views_in)
    drop_empty_schema(session, incoming)
    return Swapped(came=tuple(came), left=tuple(left))


def _moves(tables: dict[str, str], source: str, target: str) -> list[str]:
    return [
        f"{quoted(source)}.{quoted(name)} TO {quoted(target)}.{quoted(name)}" for name in tables
    ]


def _rename(session: Session, moves: list[str]) -> None:
    # A waiting RENAME holds up every later query on its tables: wait briefly, and often.
    session.execute(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}")
    for attempt in Retrying(
        retry=retry_if_exception(_is_lock_timeout),
        stop=stop_after_delay(GIVE_UP_SECONDS),
        wait=wait_fixed(1),
        reraise=True,
    ):
        with attempt:
            session.execute("RENAME TABLE " + ", ".join(moves))


def _is_lock_timeout(error: BaseException) -> bool:
    return error_code(error.__cause__) == LOCK_WAIT_TIMEOUT
