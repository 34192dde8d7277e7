"""Plain database servers, for this room alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from tests.stack.database.two_tables import TABLES as TWO_TABLES
from tests.stack.stacks.databases import Servers, image, renew, run, run_all, started
from tests.stack.support.kiosks import TABLES, fill


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


@pytest.fixture
def access(servers: Servers) -> Iterator[DatabaseAccess]:
    """The stable server with nothing but freshly filled tables."""
    server = servers("stable")
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
def catalogue(tmp_path: Path) -> Catalogue:
    """An empty directory for backups."""
    return Catalogue(tmp_path / "backups")
