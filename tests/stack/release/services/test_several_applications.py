"""Three applications behind one proxy: each with its own port, path, image and release."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack.stacks.behind_nginx.several import APPLICATIONS, Several, several

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    """Release 1 of each, running."""
    with several(tmp_path_factory.mktemp("several")) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def changed(stack: Several, before: dict[str, str]) -> set[str]:
    after = stack.ids()
    return {name for name in before if after[name] != before[name]}


def test_all_applications_are_deployed_and_no_request_is_lost(up: Several) -> None:
    before = dict(up.ids())
    assert up.answering() == dict.fromkeys(APPLICATIONS, "1")
    up.compose("up", "-d")
    assert up.ids() == before, "Compose finds nothing to recreate"
    up.deploys(api="2", web="2", admin="2")
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert changed(up, before) == {"api", "web", "admin"}
    assert up.answering() == dict.fromkeys(APPLICATIONS, "2")
    requests = done.report["requests"]
    assert requests["failed"] == 0, requests
    own = requests["applications"]
    assert {name: own[name]["failed"] for name in own} == dict.fromkeys(APPLICATIONS, 0)
    assert min(each["sent"] for each in own.values()) > 5
    [preflight] = [step for step in done.report["steps"] if step["kind"] == "preflight"]
    assert set(preflight["facts"]["tried"]) == set(APPLICATIONS)
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"
    after = up.ids()
    up.compose("up", "-d")
    assert up.ids() == after


def test_verify_and_status_show_each_of_them(up: Several) -> None:
    rows = {row["service"]: row for row in up.cli("status", "--json").report["data"]}
    assert set(rows) == {*APPLICATIONS, "nginx"}
    assert [rows[name]["application"] for name in APPLICATIONS] == list(APPLICATIONS)
    verified = up.cli("verify", "--json")
    assert verified.code == 0, verified.stdout
    points = {each["point"]: each for each in verified.report["checks"]}
    assert points["health"]["expected"].startswith("200 on 6 addresses")
    assert verified.report["releases"] == dict(up.answering())


def test_a_release_of_one_application_replaces_only_that_one(up: Several) -> None:
    before, others = dict(up.ids()), dict(up.answering())
    up.set_order("stop-first")
    up.deploys(web="3")
    plan = up.cli("deploy", "--plan")
    gap = "no client of web is served between its stop and its start: it is the only replica"
    planned = " ".join(plan.stdout.split())  # a table breaks its lines
    assert gap in planned and "of api is served" not in planned, plan.stdout
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert changed(up, before) == {"web"}
    assert up.answering() == {**others, "web": "3"}
    own = done.report["requests"]["applications"]
    assert own["api"]["failed"] == own["admin"]["failed"] == done.report["requests"]["failed"] == 0
    assert [each["service"] for each in done.report["gaps"]] == ["web"]
    assert own["web"]["longest_gap_ms"] > own["api"]["longest_gap_ms"]
    assert done.report["releases"] == {**others, "web": "3"}


@pytest.mark.torture
def test_a_failing_release_of_one_leaves_all_as_they_were(up: Several) -> None:
    before, answering = dict(up.ids()), dict(up.answering())
    up.set_order("start-first")
    up.deploys(api="4", web="4", admin="3-bad")
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    assert "admin" in failed.report["error"]["where"]
    assert failed.report["requests"]["failed"] == 0
    assert (up.ids(), up.answering()) == (before, answering)


def test_a_restart_takes_the_name_of_an_application(up: Several) -> None:
    before = {name: container.started_at for name, container in up.containers().items()}
    done = up.cli("restart", "admin", "--yes", "--json")
    assert done.code == 0, done.stdout
    after = {name: container.started_at for name, container in up.containers().items()}
    assert {name for name in after if after[name] != before[name]} == {"admin"}


def test_a_rollback_takes_all_of_them_back(up: Several) -> None:
    oldest = up.cli("rollback", "--json").report["data"][-1]["backup"]
    up.deploys(api="2", web="2", admin="2")
    back = up.cli("rollback", "--to", oldest, "--yes", "--json")
    assert back.code == 0, back.stdout
    assert up.answering() == dict.fromkeys(APPLICATIONS, "1")
    assert back.report["requests"]["failed"] == 0
    before = up.ids()
    up.compose("up", "-d")
    assert up.ids() == before
