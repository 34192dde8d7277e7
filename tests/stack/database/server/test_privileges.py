"""Missing privileges are named before a dump and before a restore."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.dump.options import DumpOptions
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.restore.verify import verify_restore
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.database.fidelity.matrix import assert_equal, fill
from tests.stack.stacks.databases import renew, run_all, snapshot

pytestmark = pytest.mark.stack

OF_A_RESTORE = ("restore", "before", "swap", "proof")


@pytest.fixture
def server(mariadb: DatabaseAccess) -> Iterator[DatabaseAccess]:
    yield mariadb
    renew(mariadb)


@pytest.mark.fault("revoked rights")
def test_missing_privileges_are_named_before_the_dump_and_the_restore(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    fill(server, "utf8mb4")
    backup = create_backup(engine, server, catalogue)
    account = replace(server, user="reader", password="r")
    run_all(
        server,
        """
CREATE OR REPLACE ROLE dumping

CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'r'

GRANT SELECT, SHOW VIEW ON platform.* TO reader@'%'

GRANT TRIGGER ON `plat%`.* TO dumping

GRANT dumping TO reader@'%'

SET DEFAULT ROLE dumping FOR reader@'%'
""",
    )
    with pytest.raises(BackupError, match="lacks privileges: EVENT, EXECUTE on platform"):
        create_backup(engine, account, catalogue)
    run_all(server, "GRANT EVENT, EXECUTE ON platform.* TO reader@'%'")
    with pytest.raises(Exception, match="may not read the body of function half"):
        create_backup(engine, account, catalogue)
    run_all(server, "GRANT SELECT ON mysql.proc TO reader@'%'")
    with pytest.raises(BackupError, match="lacks privileges: INSERT, ") as caught:
        create_backup(engine, account, catalogue)
    assert "backup.prove: off" in caught.value.todo
    assert create_backup(engine, account, catalogue, options=DumpOptions(prove="off")).is_good
    with pytest.raises(
        BackupError, match=r"lacks privileges: INSERT, .* on platform; SELECT, INSERT"
    ):
        restore_backup(engine, account, backup)
    run_all(server, "GRANT ALL ON `platform%`.* TO reader@'%'")
    with pytest.raises(BackupError, match=r"lacks privileges: INSERT, .* on platform \("):
        restore_backup(engine, account, backup)  # the closer grant applies
    run_all(server, "GRANT ALL ON platform.* TO reader@'%'")
    with pytest.raises(BackupError, match="another definer: ghost@%, root@%"):
        restore_backup(engine, account, backup)
    run_all(server, "GRANT SET USER ON *.* TO reader@'%'")
    original = snapshot(server)
    restore_backup(engine, account, backup)
    assert_equal(snapshot(server), original)
    run_all(server, "DROP USER reader@'%'\n\nDROP ROLE dumping")


@pytest.mark.fault("user who may not create the schema of a test restore")
def test_a_proof_of_the_data_needs_privileges_on_its_schema(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    account, data = replace(server, user="reader", password="r"), DumpOptions(prove="data")
    run_all(server, "CREATE TABLE a (id INT PRIMARY KEY)")
    run_all(server, "CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'r'")
    for schema in ("platform", *(rf"platform\_\_{each}" for each in OF_A_RESTORE)):
        run_all(server, f"GRANT ALL ON `{schema}`.* TO reader@'%'")
    backup = create_backup(engine, account, catalogue)
    with pytest.raises(BackupError, match="on platform__verify_…") as caught:
        create_backup(engine, account, catalogue, options=data)
    assert "backup.prove: structure" in caught.value.todo
    with pytest.raises(BackupError, match="on platform__verify_…"):
        verify_restore(engine, account, backup)
    [statement] = caught.value.details
    run_all(server, statement.removesuffix(";"))
    backup = create_backup(engine, account, catalogue, options=data)
    assert verify_restore(engine, account, backup).reasons == ()
    run_all(server, "DROP USER reader@'%'")
