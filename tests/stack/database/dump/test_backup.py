"""What the manifest of a backup of a real MariaDB says, and its test restore."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.dump.options import Origin
from cosmicdeploy.database.restore.verify import verify_backup, verify_restore
from cosmicdeploy.engine import Engine
from tests.stack.database.on_mysql import on_mysql_too
from tests.stack.stacks.databases import run, schemas
from tests.stack.stacks.dumps import once
from tests.stack.support.kiosks import ROWS

pytestmark = pytest.mark.stack


def test_a_manifest_describes_the_backup(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    seen: list[int] = []
    origin = Origin(release="1", images={"cosmic-app-1": "sha256:1a2b"})
    backup = create_backup(engine, access, catalogue, origin, seen.append)
    manifest = backup.manifest
    assert (manifest.status, manifest.reason, manifest.release) == ("good", "", "1")
    assert manifest.images == {"cosmic-app-1": "sha256:1a2b"}
    assert manifest.objects.tables["remotes"].before == ROWS
    assert manifest.objects.views == ("busy_names", "site_names")
    assert manifest.highest_batch == 2
    assert manifest.tool == "mariadb-dump"
    assert manifest.schema_statements == ()
    assert manifest.raw and manifest.compressed and seen[-1] == manifest.raw.bytes
    assert manifest.compressed.bytes == backup.data.stat().st_size
    assert catalogue.get("latest") == catalogue.get(backup.id) == backup
    assert backup.data.stat().st_mode & 0o777 == 0o600
    assert catalogue.folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.suffix for path in catalogue.folder.iterdir()) == [".json", ".zst"]


def test_a_running_backup_is_listed_as_running(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    seen: list[Backup] = []
    create_backup(engine, access, catalogue, on_bytes=lambda _: seen.extend(catalogue.list()))
    assert {backup.manifest.status for backup in seen} == {"running"}


@on_mysql_too
def test_rows_added_during_the_dump_are_not_counted(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def insert() -> None:
        run(access, "INSERT INTO sites (name) VALUES (UUID())")

    backup = create_backup(engine, access, catalogue, on_bytes=once(insert))
    assert backup.manifest.rows_counted in ("snapshot", "around")
    assert backup.manifest.objects.tables["sites"].before == 2
    assert run(access, "SELECT COUNT(*) FROM sites") == [(3,)]
    assert verify_restore(engine, access, backup).reasons == ()


@on_mysql_too
def test_a_backup_is_verified_by_a_test_restore(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    assert verify_backup(backup).reasons == ()
    assert verify_restore(engine, access, backup).reasons == ()
    assert schemas(access) == {"platform"}


@on_mysql_too
def test_a_test_restore_with_missing_rows_fails(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    tables = {**backup.manifest.objects.tables}
    tables["remotes"] = tables["remotes"].model_copy(update={"before": 7, "after": 7})
    objects = backup.manifest.objects.model_copy(update={"tables": tables})
    other = replace(backup, manifest=backup.manifest.model_copy(update={"objects": objects}))
    reasons = verify_restore(engine, access, other).reasons
    assert reasons == (f"table remotes has {ROWS} rows instead of 7",)
    assert schemas(access) == {"platform"}
