"""A stack whose nginx was written without the deployer: default `fail_timeout`, and no file that
turns clients away or leaves a replica out. The tests go on from each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cosmicdeploy.proxy.nginx.server import find_nginx
from tests.stack.support.harness import Done, StackUnderTest
from tests.stack.support.promises import acknowledged, require_whole
from tests.stack.support.variants import brought_up, strangers_nginx

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackUnderTest]:
    stack = brought_up(tmp_path_factory.mktemp("strange") / "kiosk", strangers_nginx)
    try:
        yield stack
    finally:
        stack.remove()


def workers(stack: StackUnderTest) -> set[tuple[int, int]]:
    """Of each process that serves its id, and when it was started: a reload makes others."""
    nginx = find_nginx(stack.open())
    assert nginx is not None and nginx.workers
    return {(worker.pid, worker.started) for worker in nginx.workers}


def deploy(stack: StackUnderTest) -> Done:
    with acknowledged(stack) as beats:
        done = stack.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert (beats.failures, beats.turned_away) == ([], 0)
    beats.require_kept(stack)
    return done


def test_a_replica_whose_address_stays_is_no_reason_to_reload(strange: StackUnderTest) -> None:
    strange.put_release_2()
    before = workers(strange)
    plan = strange.cli("deploy", "--plan", "--json")
    requests = deploy(strange).report["requests"]
    assert workers(strange) == before, "nginx was reloaded"
    assert (requests["failed"], requests["not_found"]) == (0, 0), requests
    assert requests["kept"]["sent"] > 0
    assert "nginx passes over a replica that was away for 10 s" in plan.reason("restart")


def test_a_rollback_stops_the_proxy_and_says_so_before(strange: StackUnderTest) -> None:
    strange.put_release_2()
    with strange.database() as facts:
        facts.session.execute("CREATE TABLE made_later (id INT PRIMARY KEY)")
    target = next(
        b.id for b in strange.open().catalogue.list() if b.is_good and b.manifest.release == "1"
    )
    with acknowledged(strange) as beats:
        done = strange.cli("rollback", "--to", target, "--yes", "--json")
    assert done.code == 0, done.stderr
    assert done.report["release"] == "1" and done.report["turned_away_seconds"] > 0
    assert "refused connections" in done.reason("quiesce")
    with strange.database() as facts:
        assert "made_later" not in facts.engines()
    assert strange.containers()["platform-nginx"].is_running and strange.health().status == 200
    assert done.report["requests"]["failed"] == 0 and done.report["requests"]["held"] > 0
    require_whole(strange)
    beats.require_kept(strange)
