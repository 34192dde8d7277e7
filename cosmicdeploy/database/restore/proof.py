"""Verify a backup, and record in the catalogue when that was and how it ended."""

from __future__ import annotations

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.entry import Backup
from cosmicdeploy.database.backups.manifest import now
from cosmicdeploy.database.backups.state import Proof
from cosmicdeploy.database.dump.progress import OnBytes, unheard
from cosmicdeploy.database.restore.verify import Verification, verify_backup, verify_restore
from cosmicdeploy.engine.protocol import Engine


def prove_read(catalogue: Catalogue, backup: Backup, on_bytes: OnBytes = unheard) -> Verification:
    """Read a backup again. Raises `BackupUnreadable` where the system does not let it be read, and
    `BackupError` where nothing can be recorded."""
    with catalogue.in_use(backup):
        found = verify_backup(backup, on_bytes)
    if backup.good:  # what never was good needs no proof of it
        proof = _proof(found)
        catalogue.note(backup.id, lambda state: state.updated(read=proof))
    return found


def prove_restore(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, backup: Backup
) -> Verification:
    """Read a backup again, then load it into a scratch schema. Raises what `verify_restore` does,
    and `BackupError` where nothing can be recorded."""
    with catalogue.in_use(backup):
        found = verify_restore(engine, access, backup)
    if not found.good:
        read = prove_read(catalogue, backup)
        if not read.good:  # the data itself is the reason, so the restore proved nothing
            return read
    proof = _proof(found)
    also = {"read": proof} if found.good else {}
    catalogue.note(backup.id, lambda state: state.updated(restored=proof, **also))
    return found


def _proof(found: Verification) -> Proof:
    return Proof(at=now(), reason="; ".join(found.reasons))
