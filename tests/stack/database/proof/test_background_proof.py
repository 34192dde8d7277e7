"""An abandoned proof of the data leaves nothing behind on a real MariaDB server."""

from __future__ import annotations

import time

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore import manifest_diff
from cosmicdeploy.database.restore.background_proof import BackgroundProof
from cosmicdeploy.database.schema.row_checksums import Rows
from cosmicdeploy.database.session import Session
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import DatabaseError
from tests.stack.stacks.databases import NAME, run, schemas

pytestmark = pytest.mark.stack

SLEEPING = "SELECT COUNT(*) FROM information_schema.processlist WHERE info = 'DO SLEEP(300)'"


@pytest.mark.fault("run that ends while a backup's data is being proven")
def test_an_abandoned_proof_ends_its_statement_and_drops_its_schema(
    engine: Engine,
    two_tables: DatabaseAccess,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def checksum(session: Session, _schema: str, _table: str) -> Rows:
        session.execute("DO SLEEP(300)")
        return Rows(count=0)

    proof = BackgroundProof()
    proof.backup = create_backup(engine, two_tables, catalogue)
    monkeypatch.setattr(manifest_diff, "checksum_rows", checksum)
    proof.start(engine, two_tables, catalogue)
    until = time.monotonic() + 30
    while run(two_tables, SLEEPING) != [(1,)] and time.monotonic() < until:
        time.sleep(0.05)
    proof.abandon()
    assert not proof.is_running
    assert schemas(two_tables) == {NAME}
    with pytest.raises(DatabaseError):
        proof.result()
    assert catalogue.get(proof.backup.id).state.restored is None
