"""The groups in which `make test` distributes test files to workers (tests/conftest.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import GROUPS, LONGEST_FIRST, group_of

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py"))


def test_a_folder_whose_files_share_a_package_fixture_is_one_group() -> None:
    fixtures = ROOT.glob("tests/stack/**/conftest.py")
    folders = {each.parent for each in fixtures if 'scope="package"' in each.read_text()}
    assert {f"{folder.relative_to(ROOT)}/" for folder in folders} == set(GROUPS)


def test_every_other_file_is_its_own_group_and_the_long_groups_exist() -> None:
    groups = {group_of(file) for file in FILES}
    assert set(LONGEST_FIRST) <= groups
    assert (
        "tests/stack/operate/test_features.py" in groups
        and "tests/unit/steps/test_features.py" in groups
    )
