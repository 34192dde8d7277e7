"""A stack whose nginx is not configured for the deployer.

It has the default `fail_timeout`, and no files for maintenance and drain, as a stranger's has in
`tests/stack/laravel`; the replicas keep their fixed addresses. The tests continue from each other.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.stack.support.harness import Done, StackUnderTest
from tests.stack.support.network.nginx_workers import no_reload
from tests.stack.support.promises import acknowledged, require_whole
from tests.stack.support.variants import plain_nginx, running_variant

pytestmark = [pytest.mark.stack, pytest.mark.torture]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackUnderTest]:
    with running_variant(tmp_path_factory.mktemp("plain") / "kiosk", plain_nginx) as stack:
        yield stack


def deploy(stack: StackUnderTest) -> Done:
    with acknowledged(stack) as beats:
        done = stack.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert (beats.failures, beats.turned_away) == ([], 0)
    beats.require_kept(stack)
    return done


def test_nginx_is_not_reloaded_if_addresses_stay(plain: StackUnderTest) -> None:
    plain.put_release_2()
    plan = plain.cli("deploy", "--plan", "--json")
    with no_reload(plain):
        requests = deploy(plain).report["requests"]
    assert (requests["failed"], requests["not_found"]) == (0, 0), requests
    assert requests["kept"]["sent"] > 0
    assert "nginx may skip a restarted replica for 10 s" in plan.reason("rollout")


def test_a_rollback_stops_the_proxy_and_announces_it(plain: StackUnderTest) -> None:
    plain.put_release_2()
    deployed = plain.cli("deploy", "--json")
    assert deployed.code == 0, deployed.stderr
    with plain.database() as facts:
        facts.session.execute("CREATE TABLE made_later (id INT PRIMARY KEY)")
    with acknowledged(plain) as beats:
        done = plain.cli("rollback", "--to", release_1_backup(plain), "--yes", "--json")
    assert done.code == 0, done.stderr
    assert done.report["release"] == "1" and done.report["turned_away_seconds"] > 0
    assert "clients cannot connect" in done.reason("quiesce")
    with plain.database() as facts:
        assert "made_later" not in facts.engines()
    assert plain.containers()["platform-nginx"].is_running and plain.health().status == 200
    assert done.report["requests"]["failed"] == 0 and done.report["requests"]["held"] > 0
    require_whole(plain)
    beats.require_kept(plain)


def release_1_backup(stack: StackUnderTest) -> str:
    """Return the newest good backup of release 1."""
    backups = stack.open().catalogue.list()
    return next(b.id for b in backups if b.is_good and b.manifest.release == "1")


@pytest.mark.fault("rollback killed while it has stopped the proxy, then each way on")
@pytest.mark.parametrize("way_on", ["deploy --abort", "deploy", "rollback"])
def test_a_rollback_killed_while_the_proxy_is_stopped_ends_with_a_proxy_that_runs(
    plain: StackUnderTest, way_on: str
) -> None:
    plain.put_release_2()
    deployed = plain.cli("deploy", "--json")
    assert deployed.code == 0, deployed.stderr
    before, target = plain.snapshot(), release_1_backup(plain)
    rollback = ("rollback", "--to", target, "--yes")
    module = "tests.stack.support.processes.killed"
    process = plain.start("done:quiesce", *rollback, module=module)
    process.communicate(timeout=300)
    assert process.wait() == -signal.SIGKILL
    assert not plain.containers()["platform-nginx"].is_running
    [run] = plain.cli("status", "--json").report["unfinished"]
    assert run["command"] == "rollback"

    words = rollback if way_on == "rollback" else way_on.split()
    done = plain.cli(*words, "--json")
    assert done.code == 0, done.stderr
    assert plain.containers()["platform-nginx"].is_running and plain.health().status == 200
    require_whole(plain)
    if way_on == "rollback":
        assert done.report["release"] == "1"
    else:
        assert plain.snapshot() == before
    assert plain.cli("status", "--json").report["unfinished"] == []
