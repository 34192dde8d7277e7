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
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.database.fidelity.matrix import assert_equal, fill
from tests.stack.stacks.databases import renew, run_all, snapshot

pytestmark = pytest.mark.stack


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
