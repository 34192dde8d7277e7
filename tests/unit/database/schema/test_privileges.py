"""The privileges that a backup or a restore needs, and how they are granted."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.privileges import (
    privileges_on,
    require_definers,
    require_privileges,
    require_scratch_privileges,
)
from cosmicdeploy.errors import BackupError
from tests.unit.database.fake_server import Server

pytestmark = pytest.mark.unit

OWN_SCHEMA = "GRANT ALL PRIVILEGES ON `live`.* TO `root`@`%`"


@pytest.mark.parametrize(
    "privileges",
    ["ALL PRIVILEGES", "RELOAD, SUPER", "SET USER", "SET_USER_ID", "BACKUP_ADMIN,SET_ANY_DEFINER"],
)
def test_on_each_vendors_server_a_privilege_allows_other_definers(privileges: str) -> None:
    grants = (OWN_SCHEMA, f"GRANT {privileges} ON *.* TO `root`@`%` WITH GRANT OPTION")
    require_definers(Server(grants=grants).session(), ["app@%"])


@pytest.mark.parametrize("privileges", ["USAGE", "RELOAD, SYSTEM_USER"])
def test_without_such_a_privilege_only_the_user_may_be_the_definer(privileges: str) -> None:
    session = Server(grants=(OWN_SCHEMA, f"GRANT {privileges} ON *.* TO `root`@`%`")).session()
    require_definers(session, ["root@%"])
    with pytest.raises(BackupError, match="another definer: app@%") as error:
        require_definers(session, ["root@%", "app@%"])
    assert "SET_ANY_DEFINER" in error.value.todo


def test_missing_privileges_are_named_with_the_statements_that_grant_them() -> None:
    grants = (
        "GRANT SELECT ON `my_app`.* TO `root`@`%`",
        "GRANT ALL PRIVILEGES ON `other`.* TO `root`@`%`",
    )
    with pytest.raises(BackupError, match="DROP on my_app; SELECT, DROP on my_app__x") as caught:
        require_privileges(
            Server(grants=grants).session(), ["my_app", "my_app__x", "other"], ["SELECT", "DROP"]
        )
    assert caught.value.details == (
        "GRANT DROP ON `my\\_app`.* TO `root`@`%`;",
        "GRANT ALL PRIVILEGES ON `my\\_app\\_\\_x`.* TO `root`@`%`;",
    )


def test_a_test_restore_needs_a_grant_on_each_name_that_its_schema_may_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123abcd")
    with pytest.raises(BackupError, match="on my_app__verify_…") as caught:
        require_scratch_privileges(
            Server(grants=("GRANT ALL PRIVILEGES ON `my_app`.* TO `root`@`%`",)).session(), "my_app"
        )
    statement = "GRANT ALL PRIVILEGES ON `my\\_app\\_\\_verify\\_%`.* TO `root`@`%`;"
    assert caught.value.details == (statement,)
    # The stand-in of a server knows no patterns: it compares the text of a grant with the name.
    granted = "GRANT ALL PRIVILEGES ON `my_app__verify_0123abcd`.* TO `root`@`%`"
    require_scratch_privileges(Server(grants=(granted,)).session(), "my_app")


def test_a_privilege_that_was_revoked_for_a_schema_is_missing_there() -> None:
    grants = (
        "GRANT SELECT, EVENT ON *.* TO `root`@`%`",
        "GRANT TRIGGER ON `live`.* TO `root`@`%`",
        "REVOKE SELECT ON `live`.* FROM `root`@`%`",
    )
    session = Server(grants=grants).session()
    assert privileges_on(session, "live") == {"EVENT", "TRIGGER"}
    assert privileges_on(session, "other") == {"SELECT", "EVENT"}
    assert privileges_on(session, None) == {"SELECT", "EVENT"}
