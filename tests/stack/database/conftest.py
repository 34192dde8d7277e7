"""Plain database servers, which only the tests in this folder use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.files import shipped
from tests.stack.database.two_tables import TABLES as TWO_TABLES
from tests.stack.stacks.databases import Servers, image, renew, run, run_all, started
from tests.stack.support.kiosks import TABLES, fill

# On these versions, only torture tests run, and a few tests that name their version themselves.
OTHERS = ("newest", "mysql-8", "mysql-9")


@pytest.fixture(scope="package")
def servers() -> Iterator[Servers]:
    """Return a function that starts a version's server once; all stop after the last test here."""
    with ExitStack() as stack:
        yield cache(lambda version: stack.enter_context(started(image(version))))


@pytest.fixture(
    scope="package", params=["stable", pytest.param("newest", marks=pytest.mark.torture)]
)
def mariadb(request: pytest.FixtureRequest, servers: Servers) -> DatabaseAccess:
    """Each MariaDB server in turn; test_fidelity always restores backups of the newest one."""
    return servers(request.param)


@pytest.fixture(
    params=["stable", *(pytest.param(each, marks=pytest.mark.torture) for each in OTHERS)]
)
def any_server(request: pytest.FixtureRequest, servers: Servers) -> Iterator[DatabaseAccess]:
    """A server of each version in turn, with an empty schema."""
    server = servers(request.param)
    renew(server)
    yield server
    renew(server)


@pytest.fixture
def access(request: pytest.FixtureRequest, servers: Servers) -> Iterator[DatabaseAccess]:
    """The stable MariaDB server with freshly filled tables.

    A test with `on_mysql_too` also runs on MySQL, in `make torture`.
    """
    server = servers(getattr(request, "param", "stable"))
    renew(server)
    for statement in TABLES.split(";\n"):
        run(server, statement)
    fill(server)
    yield server
    renew(server)


@pytest.fixture
def two_tables(servers: Servers) -> Iterator[DatabaseAccess]:
    """The stable server with two small tables."""
    server = servers("stable")
    renew(server)
    run_all(server, TWO_TABLES)
    yield server
    renew(server)


@pytest.fixture
def payload_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Import the payload by its path, as its image does, since the deployer does not contain it."""
    monkeypatch.syspath_prepend(shipped.payload() / "app")


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """An empty directory for backups."""
    return Catalogue(tmp_path / "backups")
