"""The groups in which `make test` distributes tests to workers: see tests/conftest.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import GROUPS, LONGEST_FIRST, group_of

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py"))


def test_a_room_whose_files_share_an_expensive_fixture_is_one_group() -> None:
    fixtures = ROOT.glob("tests/stack/**/conftest.py")
    rooms = {each.parent for each in fixtures if 'scope="package"' in each.read_text()}
    assert {f"{room.relative_to(ROOT)}/" for room in rooms} == set(GROUPS)


def test_every_other_file_is_its_own_group_and_the_long_groups_exist() -> None:
    groups = {group_of(file) for file in FILES}
    assert set(LONGEST_FIRST) <= groups
    assert (
        "tests/stack/operate/test_features.py" in groups
        and "tests/unit/steps/test_features.py" in groups
    )
