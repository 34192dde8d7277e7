"""Commands on a stack of several compose files; tests/stack/layouts tests its deploys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmicdeploy.engine import labels
from tests.stack.layouts.kinds.several_files import COMMON, SeveralFiles
from tests.stack.stacks.one_app import stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE

pytestmark = pytest.mark.stack


@pytest.fixture
def up(tmp_path: Path) -> Iterator[SeveralFiles]:
    with stack_of_kind(tmp_path, SeveralFiles) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_several_files_with_profiles_are_one_stack(up: SeveralFiles) -> None:
    """A change in an extended file is planned; without Compose, the stack is refused."""
    container = up.open().running("app")
    files = f"{up.folder}/{COMPOSE_FILE},{up.folder}/over.yml"
    assert container.labels[labels.CONFIG_FILES] == files
    status = up.cli("status", "--json")
    assert {row["service"] for row in status.report["data"]} == {"app", "cache", "monitor"}
    assert "mail" not in status.stdout, "no profile of this service is active"

    (up.folder / "common.yml").write_text(COMMON.replace("north", "south"))
    assert "environment.ZONE" in up.cli("deploy", "--plan").stdout

    refused = up.cli("status", PATH="/nonexistent")
    assert refused.code == 2
    assert "only Docker Compose v2 resolves" in refused.stderr
