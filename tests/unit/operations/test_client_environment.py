"""The password that a command in the container of the database or of Redis finds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.steps.commands.exec import client_environment
from tests.unit.settings_of import settings_of

SERVICES = {"app": ["web"], "database": "db", "cache": "redis"}
DATABASE = {"name": "shop", "password_variable": "DB_PASSWORD"}
VARIABLES = {"DB_PASSWORD": "d", "REDIS_PASSWORD": "r"}


@pytest.mark.parametrize(
    ("service", "expected"),
    [("db", {"MYSQL_PWD": "d"}), ("redis", {"REDISCLI_AUTH": "r"}), ("web", {})],
)
def test_only_clients_of_a_server_get_its_password(service: str, expected: dict[str, str]) -> None:
    cache = {"password_variable": "REDIS_PASSWORD"}
    settings = settings_of(SERVICES, database=DATABASE, cache=cache)
    ctx: Any = SimpleNamespace(settings=settings, loaded=SimpleNamespace(variables=VARIABLES))
    assert client_environment(ctx, service) == expected


def test_a_redis_without_a_password_gets_no_variable() -> None:
    settings = settings_of(SERVICES, database=DATABASE)
    ctx: Any = SimpleNamespace(settings=settings, loaded=SimpleNamespace(variables=VARIABLES))
    assert client_environment(ctx, "redis") == {}
