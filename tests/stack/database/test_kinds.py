"""Each kind of object is restored or refused as the table in docs/backups.md says."""

from __future__ import annotations

import pymysql
import pytest

from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.swap.swap import drop_replaced_data
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.database.fidelity.matrix import assert_equal
from tests.stack.database.kinds.kind import KINDS, SERVERS, Kind, Outcome
from tests.stack.stacks.databases import Servers, cursor, renew, snapshot

pytestmark = pytest.mark.stack

# On all other servers, these tests are torture tests.
SAMPLED = "stable"
VERSIONS = [
    pytest.param(each, marks=() if each == SAMPLED else pytest.mark.torture) for each in SERVERS
]
REFUSALS = [
    pytest.param(
        each,
        version,
        marks=() if version == SAMPLED else pytest.mark.torture,
        id=f"{version}-{each.name}",
    )
    for each in KINDS
    for version in each.versions
    if each.outcome is Outcome.REFUSED
]


def make(servers: Servers, version: str, kinds: list[Kind]) -> None:
    """Create objects of these kinds in an empty schema."""
    renew(servers(version))
    with cursor(servers(version)) as opened:
        for kind in kinds:
            opened.execute("SET sql_mode = DEFAULT")
            for statement in kind.statements:
                opened.execute(statement)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.fault("kinds: restored as they were")
def test_each_kind_that_is_not_refused_is_restored_as_it_was(
    engine: Engine, servers: Servers, catalogue: Catalogue, version: str
) -> None:
    server = servers(version)
    restored = [each for each in KINDS if each.outcome is Outcome.RESTORED]
    make(servers, version, [each for each in restored if version in each.versions])
    before = snapshot(server)
    backup = create_backup(engine, server, catalogue)
    assert backup.manifest.warnings == ()
    restore_backup(engine, server, backup)
    drop_replaced_data(server)
    assert_equal(snapshot(server), before)


@pytest.mark.parametrize(("kind", "version"), REFUSALS)
@pytest.mark.fault("kinds: refused by name before the dump")
def test_each_kind_that_is_refused_is_named_before_the_dump(
    engine: Engine, servers: Servers, catalogue: Catalogue, kind: Kind, version: str
) -> None:
    make(servers, version, [kind])
    seen: list[int] = []
    with pytest.raises(BackupError, match=kind.named) as caught:
        create_backup(engine, servers(version), catalogue, on_bytes=seen.append)
    assert caught.value.todo
    assert seen == []


@pytest.mark.torture
@pytest.mark.parametrize("version", SERVERS)
def test_a_kind_that_a_server_lacks_cannot_be_created_on_it(servers: Servers, version: str) -> None:
    present = {kind.name for kind in KINDS if version in kind.versions}
    for kind in KINDS:
        if kind.name not in present:
            with pytest.raises(pymysql.MySQLError):
                make(servers, version, [kind])
