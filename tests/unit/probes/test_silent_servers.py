"""A time limit and SIGTERM end the wait for a server that accepts a connection and stays silent.

A frozen process or a paused container is such a server: the kernel accepts connections for it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.database import access as connecting
from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.loading.connection import LoadConnection
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import CosmicError, DatabaseError
from cosmicdeploy.probes import cache, http
from cosmicdeploy.process.signals import deferred_interrupts
from cosmicdeploy.steps.health import require_cache
from tests.unit.servers import silent_server

pytestmark = pytest.mark.unit

Query = Callable[[int], object]
# SIGTERM has to end every wait within this time.
SIGTERM_SECONDS = 2.0


def access_at(port: int) -> DatabaseAccess:
    return DatabaseAccess(
        container_id="c", host="127.0.0.1", port=port, name="shop", user="root", password="x"
    )


def query_database(port: int) -> None:
    with open_session(access_at(port)):
        pass


def load_backup(port: int) -> None:
    LoadConnection(access_at(port), "shop")


def query_cache(port: int) -> None:
    ctx: Any = SimpleNamespace(
        running=lambda _name: port,
        settings=SimpleNamespace(cache=SimpleNamespace(password_variable="")),
        run=SimpleNamespace(known_failures=SimpleNamespace(new=())),
    )
    require_cache(ctx, "cache")


def request_http(port: int) -> None:
    http.send_with_retries(f"http://127.0.0.1:{port}/health")


def request_fastcgi(port: int) -> None:
    http.send_with_retries(f"fcgi://127.0.0.1:{port}/index.php/health")


QUERIES = {
    "database": query_database,
    "load of a backup": load_backup,
    "cache": query_cache,
    "http": request_http,
    "fastcgi": request_fastcgi,
}


@pytest.fixture(autouse=True)
def cache_at_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the container that `query_cache` names as the cache's port on 127.0.0.1."""
    monkeypatch.setattr(cache, "reachable_address", lambda port, _: ("127.0.0.1", port))


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_sigterm_ends_the_wait_for_a_silent_server(query: Query) -> None:
    """In a run, a signal takes effect at the next safe point: here, while the client waits."""
    with silent_server() as port, deferred_interrupts(lambda: None):
        signal.raise_signal(signal.SIGTERM)
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            query(port)
        assert time.monotonic() - started < SIGTERM_SECONDS


@pytest.mark.parametrize("query", [query_database, load_backup])
def test_a_silent_database_is_reported_once_its_greeting_is_overdue(
    query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "GREETING_TIMEOUT", 0.2)
    with silent_server() as port, pytest.raises(DatabaseError) as caught:
        query(port)
    assert "accepts connections, but does not answer" in caught.value.what
    assert "docker ps" in caught.value.todo


def test_a_silent_cache_is_queried_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "TIMEOUT_SECONDS", 0.2)
    started = time.monotonic()
    with silent_server() as port, pytest.raises(CosmicError, match="The cache does not answer"):
        query_cache(port)
    assert time.monotonic() - started < 2


def test_the_limits_of_all_clients_are_seconds() -> None:
    assert connecting.CONNECT_TIMEOUT + connecting.GREETING_TIMEOUT <= 15
    assert cache.TIMEOUT_SECONDS <= 5
    assert http.TIMEOUT_SECONDS * http.ATTEMPTS <= 15


@pytest.mark.parametrize("limit", [600.0, 2.0, None])
def test_after_the_greeting_each_statement_has_the_limit_of_its_caller(
    limit: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: dict[str, Any] = {}

    def connection(**options: Any) -> SimpleNamespace:
        opened.update(options)
        return SimpleNamespace(_read_timeout=options["read_timeout"], query=lambda _: None)

    monkeypatch.setattr(connecting, "_Connection", connection)
    connected: Any = connecting.connect(access_at(1), "shop", read_timeout=limit)
    assert opened["read_timeout"] == min(limit or 10, connecting.GREETING_TIMEOUT)
    assert opened["write_timeout"] == connecting.READ_TIMEOUT
    assert connected._read_timeout == limit
