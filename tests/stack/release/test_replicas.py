"""A service with several replicas, without names and addresses of their own, behind nginx."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack.stacks.replicated import Replicated, replicated

pytestmark = pytest.mark.stack

REPLICAS = {"app.1", "app.2", "app.3"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    """Release 1, running."""
    with replicated(tmp_path_factory.mktemp("replicas")) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_each_replica_gets_the_release_and_no_request_is_lost(up: Replicated) -> None:
    before = up.ids()
    assert before.keys() == {"nginx", *REPLICAS}
    up.compose("up", "-d")
    assert up.ids() == before, "Compose finds nothing to recreate"
    up.write(release="2")
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert (done.report["requests"]["failed"], up.answering_release()) == (0, "2")
    after = up.ids()
    assert {name for name in after if after[name] != before[name]} == REPLICAS
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"
    up.compose("up", "-d")
    assert up.ids() == after
    assert {each["service"] for each in up.cli("status", "--json").report["data"]} == after.keys()


def test_only_one_replica_is_tried_with_a_release_that_fails(up: Replicated) -> None:
    before, release = up.ids(), up.answering_release()
    up.write(release="9-bad")
    failed = up.cli("deploy", "--json")
    assert failed.code == 1 and failed.report["requests"]["failed"] == 0, failed.stdout
    assert (up.ids(), up.answering_release()) == (before, release)


def test_the_name_of_the_service_names_all_its_replicas(up: Replicated) -> None:
    before = up.ids()
    done = up.cli("restart", "app", "--json")
    assert done.code == 0, done.stdout
    [step] = [step for step in done.report["steps"] if step["kind"] == "restart-in-place"]
    assert set(step["facts"]["restarted"]) == REPLICAS
    assert up.ids() == before
