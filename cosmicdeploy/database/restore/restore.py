"""Restore a backup: load it into a shadow schema, compare it with the manifest, swap it in."""

from __future__ import annotations

from contextlib import suppress

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.on_disk.archive import OnBytes, ignore_progress
from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.database.restore.load import load_schema, require_loadable
from cosmicdeploy.database.restore.manifest_diff import differences
from cosmicdeploy.database.restore.verify import verify_backup
from cosmicdeploy.database.schema.creatable import require_creatable_events
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.rebuilding.relocation import bodies_naming
from cosmicdeploy.database.schema.rebuilding.routine_grants import (
    lost_grants,
    lost_note,
    require_grantable,
    require_known_grants,
)
from cosmicdeploy.database.schema.recreate import dropped_routines
from cosmicdeploy.database.schema.schemas import (
    create_schema_like,
    drop_schema,
    end_sessions,
    set_default_collation,
    shadow_name,
)
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.swap.direction import Swapped
from cosmicdeploy.database.swap.interrupted import resolve_interrupted_swap
from cosmicdeploy.database.swap.preparation import require_recreatable, require_swappable
from cosmicdeploy.database.swap.record import HELD_EVENTS, SwapRecord
from cosmicdeploy.database.swap.swap import require_no_replaced_data, swap
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import BackupError, CosmicError, LockLost


def restore_backup(
    engine: Engine, access: DatabaseAccess, backup: Backup, on_bytes: OnBytes = ignore_progress
) -> Swapped:
    """Load a backup and make its tables live. Raises what `load_shadow` and `swap` raise."""
    load_shadow(engine, access, backup, on_bytes)
    return swap(access)


def load_shadow(
    engine: Engine, access: DatabaseAccess, backup: Backup, on_bytes: OnBytes = ignore_progress
) -> list[str]:
    """Load a backup into the shadow schema; the live schema stays in use.

    Returns a line for each event that the swap cannot create as it was, and a line if objects will
    use another schema than their own. Raises `BackupError` if the backup is damaged, must not be
    restored on this server, or does not match its manifest once loaded; `DatabaseError` if the
    server fails. After such an error the shadow schema is dropped, and the live schema is
    unchanged.

    If another run takes over the lock, that run ends the sessions of this one, and the shadow
    schema stays, since it now belongs to the other run. This call then raises `LockLost`, or the
    error of an ended session.
    """
    verify_backup(backup, on_bytes).require()
    require_restorable(access, backup)
    resolve_interrupted_swap(access)
    shadow = shadow_name(access.name)
    on_bytes(0)  # the caller may raise here, to stop before anything is written
    with open_session(access) as session:
        require_no_replaced_data(session, access)
        end_sessions(session, shadow)
        drop_schema(session, shadow)
        create_schema_like(session, access.name, shadow)
        set_default_collation(session, shadow, backup.manifest.collation)
        # A run that takes over the lock ends all sessions that use the shadow schema. So this
        # session uses the schema too: once the session has been ended, it can no longer change the
        # schema.
        session.use(shadow)
        session.stay_open()
        try:
            load_schema(access, backup, shadow, on_bytes)
            _require_match(session, backup, shadow)
            events = backup.manifest.event_definitions
            event_notes = require_creatable_events(session, shadow, events)
            SwapRecord(session, access.name).hold_events(events)
            return [*event_notes, *_notes_on_bodies(backup.manifest, access.name)]
        except LockLost:
            raise
        except BaseException:
            with suppress(CosmicError):  # the first error is the one to report
                _drop_shadow(session, access.name)
            raise


def drop_shadow(access: DatabaseAccess) -> None:
    """Drop the shadow schema without swapping it in. Raises `DatabaseError`."""
    with open_session(access) as session:
        # A statement of a killed load may still run.
        end_sessions(session, shadow_name(access.name))
        _drop_shadow(session, access.name)


def _drop_shadow(session: Session, live: str) -> None:
    drop_schema(session, shadow_name(live))
    SwapRecord(session, live).forget(HELD_EVENTS)


def require_restorable(access: DatabaseAccess, backup: Backup) -> None:
    """Raise `BackupError` if this backup must not be restored, or no swap is possible.

    Raises `DatabaseError` if a query fails.
    """
    with open_session(access) as session:
        live = Facts(session, access.name)
        require_loadable(backup.manifest, live)
        require_swappable(live)
        require_recreatable(session, live.schema)
        dropped = dropped_routines(session, live.schema, backup.manifest.definitions)
        grants = require_known_grants(session, live.schema, dropped)
        require_grantable(session, live.schema, grants)


def notes_on_grants(access: DatabaseAccess, backup: Backup) -> list[str]:
    """Return a line for each account that lost privileges on a routine by restoring this backup.

    A restore keeps the privileges that exist on the server. It does not grant privileges that only
    the manifest names. Raises `DatabaseError`.
    """
    with open_session(access) as session:
        lost = lost_grants(session, access.name, backup.manifest.routine_grants)
        return [lost_note(grant, access.name) for grant in lost]


def _notes_on_bodies(manifest: Manifest, live: str) -> list[str]:
    """Return a line if objects from the backup of another schema may still use that schema.

    Bodies of routines, triggers and events are restored unchanged, including the schema names in
    them.
    """
    former = manifest.database
    if former == live:
        return []
    if manifest.object_definitions is None:
        return [
            "it is not known whether routines, triggers or events of the backup name their former"
            f" database {former!r}; those that do would use that database"
        ]
    if named := bodies_naming(manifest.recorded, former):
        return [f"these name their former database {former!r}, and use it: {', '.join(named)}"]
    return []


def _require_match(session: Session, backup: Backup, shadow: str) -> None:
    reasons = differences(backup, Facts(session, shadow))
    if reasons:
        raise BackupError(
            f"The loaded backup differs from its manifest: {reasons[0]}",
            where=f"backup {backup.id}",
            todo="the live schema is unchanged; use another backup: `cosmicdeploy backup list`",
            details=reasons[1:],
        )
