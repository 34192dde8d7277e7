"""Names that look like other names, options, patterns or SQL are restored or refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.restore.verify import verify_restore
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.database.schema.objects import schema_objects
from cosmicdeploy.database.swap.swap import drop_replaced_data
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.databases import NAME, run, run_all, snapshot

pytestmark = pytest.mark.stack

SCHEMA = (Path(__file__).parent / "odd_names" / "schema.sql").read_text(encoding="utf-8")
# A schema whose name differs from the live schema's only in what the server's collation ignores.
NEIGHBOUR = "Platform"


@pytest.fixture
def server(any_server: DatabaseAccess) -> Iterator[DatabaseAccess]:
    run(any_server, f"DROP DATABASE IF EXISTS {NEIGHBOUR}", schema=None)
    yield any_server
    run(any_server, f"DROP DATABASE IF EXISTS {NEIGHBOUR}", schema=None)


@pytest.mark.fault("odd names")
def test_odd_names_are_restored_unchanged(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    run_all(server, SCHEMA)
    original = snapshot(server)
    backup = create_backup(engine, server, catalogue)
    assert backup.manifest.objects.tables["users"].before == 2
    run_all(server, "DROP TABLE cafe\n\nDELETE FROM users\n\nDROP VIEW `*/ %s`")
    restore_backup(engine, server, backup)
    drop_replaced_data(server)
    found = snapshot(server)
    assert found.keys() == original.keys()
    assert {key: found[key] for key in found if found[key] != original[key]} == {}


@pytest.mark.fault("odd names")
def test_the_schemas_own_name_may_look_like_a_pattern(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    odd = replace(server, name="platform%s _x` [b]")
    run(server, "CREATE DATABASE `platform%s _x`` [b]`", schema=None)
    run_all(odd, "CREATE TABLE t (id INT PRIMARY KEY)\n\nINSERT INTO t VALUES (1)", odd.name)
    run_all(
        odd,
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = ABS(NEW.id)\n\n"
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
        odd.name,
    )
    original = snapshot(odd, odd.name)
    backup = create_backup(engine, odd, catalogue)
    assert verify_restore(engine, odd, backup).reasons == ()
    run(odd, "DELETE FROM t", schema=odd.name)
    restore_backup(engine, odd, backup)
    drop_replaced_data(odd)
    assert snapshot(odd, odd.name) == original


@pytest.mark.fault("odd names")
def test_a_quote_in_the_schemas_name_is_refused_before_the_dump(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    """MariaDB's dump tool puts a backslash before the quote, and then finds no such schema."""
    run(server, "CREATE DATABASE `platform'x`", schema=None)
    with pytest.raises(BackupError, match="or backslash in the schema's name: schema"):
        create_backup(engine, replace(server, name="platform'x"), catalogue)


@pytest.mark.fault("odd names")
def test_a_schema_whose_name_differs_in_case_is_another_schema(server: DatabaseAccess) -> None:
    run_all(server, "CREATE TABLE t (id INT PRIMARY KEY)\n\nCREATE PROCEDURE p() SELECT 1")
    with open_facts(server) as facts:
        read = facts.schema_digest(), facts.definitions(), schema_objects(facts.session, NAME)
        collation = run(server, "SELECT @@collation_database")[0][0]
        run(server, f"CREATE DATABASE {NEIGHBOUR} COLLATE latin1_german2_ci", schema=None)
        run_all(
            server,
            """
CREATE TABLE other (id INT PRIMARY KEY, CHECK (id > 0))

CREATE TABLE key_to (id INT, FOREIGN KEY (id) REFERENCES platform.t (id))

CREATE VIEW v AS SELECT 1

CREATE TRIGGER tr BEFORE INSERT ON other FOR EACH ROW SET @x = 1

CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1

CREATE PROCEDURE q() SELECT 1

CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1
""",
            NEIGHBOUR,
        )
        now = facts.schema_digest(), facts.definitions(), schema_objects(facts.session, NAME)
        assert now == read
        assert facts.definitions().collation == collation
        assert facts.routines() == ("p",)
        assert facts.events() == facts.triggers() == facts.views() == ()
        assert facts.keys_across_schemas() == ("Platform.key_to → platform.t",)


@pytest.mark.fault("odd names")
def test_a_grant_on_a_schema_whose_name_differs_in_case_is_ignored(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    account = replace(server, user="reader", password="r")
    run(server, f"CREATE DATABASE {NEIGHBOUR}", schema=None)
    run_all(
        server,
        "DROP USER IF EXISTS reader@'%'\n\nCREATE USER reader@'%' IDENTIFIED BY 'r'\n\n"
        f"GRANT ALL ON {NEIGHBOUR}.* TO reader@'%'\n\nGRANT SELECT ON platform.* TO reader@'%'",
    )
    with pytest.raises(BackupError, match="lacks privileges: SHOW VIEW"):
        create_backup(engine, account, catalogue)
    run(server, "DROP USER reader@'%'")


LINE_ENDS = """
CREATE TABLE t (id INT)

CREATE TABLE `1\nx` (id INT)

CREATE TABLE column_ (`2\nx` INT)

CREATE TABLE index_ (a INT, KEY `3\nx` (a))

CREATE TABLE check_ (a INT, CONSTRAINT `4\nx` CHECK (a > 0))

CREATE TABLE parted (a INT) PARTITION BY HASH (a) (PARTITION `5\nx`)

CREATE VIEW `6\nx` AS SELECT 1

CREATE TRIGGER `7\nx` BEFORE INSERT ON t FOR EACH ROW SET @x = 1

CREATE PROCEDURE `8\nx`() SELECT 1

CREATE EVENT `9\nx` ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1
"""


@pytest.mark.fault("odd names")
def test_a_line_end_in_a_name_is_refused_by_name_before_the_dump(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    run_all(server, LINE_ENDS)
    run(server, "CREATE TABLE `10\rx` (id INT)")
    seen: list[int] = []
    with pytest.raises(BackupError, match="A dump cannot hold a line end in a name") as caught:
        create_backup(engine, server, catalogue, on_bytes=seen.append)
    for number in range(1, 10):
        assert f"'{number}\\nx'" in caught.value.what
    assert r"'10\rx'" in caught.value.what
    assert seen == []
