"""Bring a backup back: load it beside the live schema, compare, and swap."""

from __future__ import annotations

from contextlib import suppress

from cosmicdeploy.database.access import DatabaseAccess, Session, open_session
from cosmicdeploy.database.backups.catalogue import Backup
from cosmicdeploy.database.backups.manifest_diff import differences
from cosmicdeploy.database.dump.prerequisites import require_loadable, require_swappable
from cosmicdeploy.database.dump.progress import OnBytes, unheard
from cosmicdeploy.database.restore.load import load_schema
from cosmicdeploy.database.restore.verify import verify_backup
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.recreate import set_default_collation
from cosmicdeploy.database.schema.schemas import (
    create_schema_like,
    drop_schema,
    end_sessions,
    shadow_name,
)
from cosmicdeploy.database.swap.exchange import Swapped
from cosmicdeploy.database.swap.record import HELD_EVENTS, SwapRecord
from cosmicdeploy.database.swap.swap import require_no_before, settle_interrupted_swap, swap
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import BackupError, CosmicError, LockLost


def restore_backup(
    engine: Engine, access: DatabaseAccess, backup: Backup, on_bytes: OnBytes = unheard
) -> Swapped:
    """Load a backup and swap it in. Raises what `load_shadow` and `swap` raise."""
    load_shadow(engine, access, backup, on_bytes)
    return swap(access)


def load_shadow(
    engine: Engine, access: DatabaseAccess, backup: Backup, on_bytes: OnBytes = unheard
) -> None:
    """Load a backup into the shadow schema; the live one goes on serving meanwhile.

    Raises `BackupError` where the backup is damaged, may not be restored here, or did not load as
    its manifest says; the live schema is untouched then and the shadow is gone. Where another run
    took over, the shadow is theirs: raises `LockLost` or `DatabaseError`, and leaves it.
    """
    verify_backup(backup, on_bytes).require()
    require_restorable(access, backup)
    settle_interrupted_swap(access)
    shadow = shadow_name(access.name)
    on_bytes(0)  # who listens may have a reason to stop before anything is written
    with open_session(access) as session:
        require_no_before(session, access)
        end_sessions(session, shadow)
        drop_schema(session, shadow)
        create_schema_like(session, access.name, shadow)
        set_default_collation(session, shadow, backup.manifest.collation)
        # Whoever takes over ends this session with all others of that schema, and with it our say.
        session.use(shadow)
        session.linger()
        try:
            load_schema(access, backup, shadow, on_bytes)
            _require_equal(session, backup, shadow)
            SwapRecord(session, access.name).hold_events(backup.manifest.event_definitions)
        except LockLost:
            raise
        except BaseException:
            with suppress(CosmicError):  # what went wrong first is what people need to know
                _drop_shadow(session, access.name)
            raise


def drop_shadow(access: DatabaseAccess) -> None:
    """Let go of a loaded backup that will not be swapped in. Raises `DatabaseError`."""
    with open_session(access) as session:
        end_sessions(session, shadow_name(access.name))  # a statement that was broken off goes on
        _drop_shadow(session, access.name)


def _drop_shadow(session: Session, live: str) -> None:
    drop_schema(session, shadow_name(live))
    SwapRecord(session, live).forget(HELD_EVENTS)


def require_restorable(access: DatabaseAccess, backup: Backup) -> None:
    """Raise `BackupError` where this backup may not be swapped into the live schema."""
    with open_session(access) as session:
        live = Facts(session, access.name)
        require_loadable(backup.manifest, live)
        require_swappable(live)


def _require_equal(session: Session, backup: Backup, shadow: str) -> None:
    reasons = differences(backup.manifest, Facts(session, shadow))
    if reasons:
        raise BackupError(
            f"the loaded backup is not what its manifest says: {reasons[0]}",
            where=f"backup {backup.id}",
            todo="the live schema is untouched; use another backup",
            details=reasons[1:],
        )
