"""The payload's settings: the password of Redis."""

from __future__ import annotations

import pytest
from cosmic_app import cache
from cosmic_app.settings import read_settings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("variables", "password"),
    [({}, None), ({"REDIS_PASSWORD": ""}, None), ({"REDIS_PASSWORD": "s e'c\"r"}, "s e'c\"r")],
)
def test_redis_may_have_a_password(variables: dict[str, str], password: str | None) -> None:
    client = cache.connect(read_settings(variables).redis)
    assert client.connection_pool.connection_kwargs["password"] == password


def test_the_settings_show_no_password() -> None:
    settings = read_settings({"REDIS_PASSWORD": "hunter2", "DB_PASSWORD": "hunter2"})
    assert "hunter2" not in repr(settings)
