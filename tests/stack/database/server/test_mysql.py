"""The shipped application and the deployer log in to MySQL, and the migrations run there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.database.access import DatabaseAccess, _has_value, connect
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.database.schema.privileges import privileges_on
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.session_settings import Kind, SessionSetting, settings_of
from cosmicdeploy.files import shipped
from tests.stack.stacks.databases import Servers, renew, run, run_all

pytestmark = pytest.mark.stack

MIGRATIONS = shipped.payload() / "app" / "database" / "migrations"
TABLES = {"device_status_transitions", "migrations", "remotes"}


@pytest.fixture(params=["mysql-8", pytest.param("mysql-9", marks=pytest.mark.torture)])
def mysql(request: pytest.FixtureRequest, servers: Servers) -> Iterator[DatabaseAccess]:
    server = servers(request.param)
    renew(server)
    yield server
    renew(server)


@contextmanager
def application(access: DatabaseAccess) -> Iterator[Any]:
    """Open a connection as the shipped application does."""
    from cosmic_app.database.connection import connect
    from cosmic_app.settings import DatabaseSettings

    settings = {key: getattr(access, key) for key in ("host", "port", "name", "user", "password")}
    connection = connect(DatabaseSettings(**settings))
    try:
        yield connection
    finally:
        connection.close()


def test_the_shipped_application_migrates_and_rolls_back(
    mysql: DatabaseAccess, payload_modules: None
) -> None:
    from cosmic_app.database.schema import read_schema
    from cosmic_app.migrations.migrator import Migrator

    lines: list[str] = []
    with application(mysql) as connection, open_facts(mysql) as facts:
        migrator = Migrator(connection, MIGRATIONS, lines.append)
        migrator.migrate()
        assert facts.engines().keys() == TABLES
        assert len(facts.applied_migrations()) == len(list(MIGRATIONS.glob("*.py")))
        with connection.cursor() as cursor:
            assert read_schema(cursor).tracks_status_changes
        migrator.roll_back(0)
        assert facts.applied_migrations() == {}
        assert facts.engines().keys() == {"migrations"}


@pytest.fixture
def without_tls(mysql: DatabaseAccess) -> Iterator[DatabaseAccess]:
    """An account with a password that the server has not cached yet; the server offers no TLS."""
    [(certificate,)] = run(mysql, "SELECT @@GLOBAL.ssl_cert")
    run(mysql, "DROP USER IF EXISTS app@'%'")
    run(mysql, "CREATE USER app@'%' IDENTIFIED WITH caching_sha2_password BY 'it''s'")
    run(mysql, "GRANT ALL ON platform.* TO app@'%'")
    run(mysql, "SET GLOBAL ssl_cert = 'gone.pem'")
    run(mysql, "ALTER INSTANCE RELOAD TLS NO ROLLBACK ON ERROR")
    yield replace(mysql, user="app", password="it's")
    run(mysql, f"SET GLOBAL ssl_cert = '{certificate}'")
    run(mysql, "ALTER INSTANCE RELOAD TLS")
    run(mysql, "DROP USER app@'%'")


@pytest.mark.parametrize("client", ["deployer", "application"])
def test_a_password_is_accepted_without_tls(
    without_tls: DatabaseAccess, payload_modules: None, client: str
) -> None:
    if client == "deployer":
        with open_facts(without_tls) as facts:
            [(_, cipher)] = facts.session.rows("SHOW STATUS LIKE 'Ssl_cipher'")
    else:
        with application(without_tls) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            cipher = cursor.fetchone()["Value"]
    assert cipher == ""


def plain(kind: Kind) -> list[SessionSetting]:
    return [each for each in settings_of(kind, restricted=False) if not each.servers]


def test_an_ordinary_user_can_open_sessions_of_each_kind(mysql: DatabaseAccess) -> None:
    run(mysql, "DROP USER IF EXISTS ordinary@'%'")
    run(mysql, "CREATE USER ordinary@'%' IDENTIFIED BY 'x'")
    run(mysql, "GRANT ALL ON platform.* TO ordinary@'%'")
    ordinary = replace(mysql, user="ordinary", password="x")
    kinds: tuple[Kind, ...] = ("queries", "load")
    try:
        for kind in kinds:
            with connect(ordinary, "platform", read_timeout=10, kind=kind) as connection:
                assert [each.name for each in plain(kind) if not _has_value(connection, each)] == []
    finally:
        run(mysql, "DROP USER ordinary@'%'")


@pytest.mark.torture
def test_privileges_of_roles_count_and_revoked_ones_do_not(mysql: DatabaseAccess) -> None:
    run_all(
        mysql,
        """
SET GLOBAL partial_revokes = ON

CREATE ROLE dumping

CREATE USER reader@'%' IDENTIFIED BY 'r'

GRANT SELECT, SHOW VIEW, EVENT ON *.* TO reader@'%'

REVOKE SELECT ON platform.* FROM reader@'%'

GRANT TRIGGER ON platform.* TO dumping

GRANT dumping TO reader@'%'

SET DEFAULT ROLE dumping TO reader@'%'
""",
    )
    try:
        with open_session(replace(mysql, user="reader", password="r")) as session:
            assert privileges_on(session, "platform") == {"SHOW VIEW", "EVENT", "TRIGGER"}
            assert {"SELECT", "EVENT"} <= privileges_on(session, "other")
    finally:
        run_all(mysql, "DROP USER reader@'%'\n\nDROP ROLE dumping")
        run(mysql, "SET GLOBAL partial_revokes = OFF")
