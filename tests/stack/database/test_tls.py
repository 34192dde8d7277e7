"""The shipped heartbeat service talks to its database in secret where that is possible."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.files import shipped

pytestmark = pytest.mark.stack


@pytest.fixture
def payload_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The payload is no package of ours: it is found by its path, as in its image."""
    monkeypatch.syspath_prepend(shipped.payload() / "app")


def test_it_talks_to_the_database_by_tls_where_that_offers_it(
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
