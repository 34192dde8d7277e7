"""Commands on a service with several replicas; tests/stack/layouts deploys it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack.stacks.behind_nginx.replicated import Replicated, replicated

pytestmark = pytest.mark.stack

REPLICAS = {"app.1", "app.2", "app.3"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    """Release 1, running."""
    with replicated(tmp_path_factory.mktemp("replicas")) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_the_name_of_the_service_names_all_its_replicas(up: Replicated) -> None:
    before = up.ids()
    done = up.cli("restart", "app", "--json")
    assert done.code == 0, done.stdout
    [step] = [step for step in done.report["steps"] if step["kind"] == "restart-in-place"]
    assert set(step["facts"]["restarted"]) == REPLICAS
    assert up.ids() == before
