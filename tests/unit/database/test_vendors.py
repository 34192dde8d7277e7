"""The vendor is read from the server's version, and only one package asks for it by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cosmicdeploy.database
from cosmicdeploy.database.vendors import vendor_of

pytestmark = pytest.mark.unit

PACKAGE = Path(cosmicdeploy.database.__file__).parent


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("10.11.14-MariaDB-0+deb12u2", "MariaDB"),
        ("11.8.3-MariaDB-0+deb13u1-log", "MariaDB"),
        ("5.5.5-10.11.6-mariadb", "MariaDB"),
        ("8.0.46-0ubuntu0.24.04.5", "MySQL"),
        ("9.7.4-2", "MySQL"),
        ("8.0.36-28", "MySQL"),
    ],
)
def test_the_vendor_is_known_by_the_version(version: str, name: str) -> None:
    assert vendor_of(version).name == name


def test_the_remedy_for_mariadb_calls_the_client_by_the_name_that_all_images_have() -> None:
    assert "exec database mariadb -u" in vendor_of("11.8.3-MariaDB").table_locks_todo


def test_no_other_code_asks_for_a_vendor_by_name() -> None:
    asks = re.compile(r"[!=]= *['\"](?:MariaDB|MySQL)['\"]")
    others = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "vendors"]
    assert [str(path) for path in others if asks.search(path.read_text(encoding="utf-8"))] == []
