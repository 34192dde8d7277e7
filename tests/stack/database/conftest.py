"""Plain database servers, for this room alone."""

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

# The versions on which only torture tests run, apart from some that name their version.
OTHERS = ("newest", "mysql-8", "mysql-9")


@pytest.fixture(scope="package")
def servers() -> Iterator[Servers]:
    """A server of each version that backups have to work with; stopped after the last test here."""
    with ExitStack() as stack:
        yield cache(lambda version: stack.enter_context(started(image(version))))


@pytest.fixture(
    scope="package", params=["stable", pytest.param("newest", marks=pytest.mark.torture)]
)
def mariadb(request: pytest.FixtureRequest, servers: Servers) -> DatabaseAccess:
    """Each of them in turn. Backups of the newest one are restored in test_fidelity in any case."""
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
    """A server with freshly filled tables: the stable one, unless a test is `on_mysql_too`.

    Such a test runs on MySQL too, in `make torture`.
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
    """Import the payload by its path, as its image does: it is not a package of the deployer."""
    monkeypatch.syspath_prepend(shipped.payload() / "app")


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """An empty directory for backups."""
    return Catalogue(tmp_path / "backups")
