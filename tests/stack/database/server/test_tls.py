"""The shipped heartbeat service uses TLS for its database if the database offers TLS."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.access import DatabaseAccess

pytestmark = pytest.mark.stack


def test_the_heartbeat_service_uses_tls_if_the_database_offers_tls(
    mariadb: DatabaseAccess, payload_modules: None
) -> None:
    from cosmic_app.database.connection import connect
    from cosmic_app.settings import DatabaseSettings

    access = {key: getattr(mariadb, key) for key in ("host", "port", "name", "user", "password")}
    with connect(DatabaseSettings(**access)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@have_ssl AS offered")
        (offered,) = cursor.fetchall()
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        (used,) = cursor.fetchall()
    assert bool(used["Value"]) == (offered["offered"] == "YES")
