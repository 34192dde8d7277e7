"""The groups in which `make test` distributes tests to workers: see tests/conftest.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import LONG, group_of

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py"))
STACK = [file for file in FILES if file.startswith("tests/stack/")]


@pytest.mark.parametrize(
    ("fixture", "group"),
    [
        ("laravel_up: LaravelStack", "laravel"),
        ("laravel: LaravelStack", "laravel"),
        ("mariadb: DatabaseAccess", "databases"),
        ("servers: ", "databases"),
        ("access: DatabaseAccess, ", "databases"),
    ],
)
def test_files_with_the_same_expensive_fixture_are_in_one_group(fixture: str, group: str) -> None:
    signature = re.compile(rf"^(?:def |    ).*\b{fixture}", re.MULTILINE)
    using = [f for f in STACK if signature.search((ROOT / f).read_text())]
    assert using and {group_of(file) for file in using} == {group}


def test_every_other_file_is_its_own_group_and_the_long_groups_exist() -> None:
    groups = {group_of(file) for file in FILES}
    assert set(LONG) <= groups
    assert (
        "tests/stack/operate/test_features.py" in groups
        and "tests/unit/steps/test_features.py" in groups
    )
