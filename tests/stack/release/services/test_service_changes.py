"""New, removed and renamed services are part of one deploy."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack.stacks.changing import (
    Changing,
    cache,
    database,
    free_port,
    nginx,
    sleeping,
)
from tests.stack.stacks.one_app import stack_of_kind

pytestmark = pytest.mark.stack

MAILER = sleeping(volumes=["letters:/letters", "/scratch"], stop_grace_period="1s")
WITH_NEW = {
    "app": {"depends_on": ["search"]},
    "search": sleeping(),
    "mailer": MAILER,
    "nginx": nginx(),
    "roles": "{app: [app], proxy: nginx}",
}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changing]:
    """Release 1 of the application alone, running."""
    with stack_of_kind(tmp_path_factory.mktemp("changing"), Changing) as stack:
        stack.declare("1")
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_new_services_are_created_at_their_place_and_undone_with_the_rest(up: Changing) -> None:
    before = up.found()
    up.declare("2-bad", **WITH_NEW)
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    assert "preflight" in failed.report["error"]["where"], failed.stdout
    assert failed.outcomes["dependencies"] == "undone"
    assert up.found() == before

    up.declare("2", **WITH_NEW)
    planned = up.cli("deploy", "--plan", "--json")
    assert planned.code == 0, planned.stdout
    assert planned.reason("dependencies") == "create search (no container)"
    assert planned.reason("services") == "create mailer (no container)", "it keeps data"
    assert "search" not in planned.reason("rollout")
    assert planned.reason("proxy") == "create nginx (no container)"
    assert "mailer, nginx, search created by this run" in planned.reason("health")
    assert up.found() == before, "a plan changes nothing"

    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert up.answering_release() == "2"
    assert done.report["warnings"] == ["no request is sent during this run, since the proxy is new"]
    assert up.names() == {"app-1", "search-1", "mailer-1", "nginx-1"}
    created = up.found()
    again = up.cli("deploy", "--json")
    assert again.report["outcome"] == "unchanged", again.stdout
    up.compose("up", "-d")
    assert up.found() == created
    assert up.cli("verify").code == 0


def test_an_orphan_is_named_and_removed_only_when_asked(up: Changing) -> None:
    kept = {key: value for key, value in WITH_NEW.items() if key != "mailer"}
    name = f"{up.project}-mailer-1"
    up.declare("2", **kept)
    before = up.found()
    volumes = _volumes_of(up, name)
    assert len(volumes) == 2
    planned = up.cli("deploy", "--plan", "--json")
    assert name in planned.reason("orphans")
    assert "`cosmicdeploy deploy --remove-orphans`" in planned.reason("orphans")
    [row] = [r for r in up.cli("status", "--json").report["data"] if r.get("container") == name]
    assert row["drift"] == f"not in the file: {name}" and "--remove-orphans" in row["todo"]
    [point] = [c for c in up.cli("verify", "--json").report["checks"] if c["point"] == "orphans"]
    assert not point["ok"] and not point["blocking"] and name in point["found"]
    done = up.cli("deploy", "--json")
    assert done.report["outcome"] == "unchanged", done.stdout
    assert up.found() == before, "without --remove-orphans, nothing is removed"

    up.declare("3-bad", **kept)
    failed = up.cli("deploy", "--remove-orphans", "--json")
    assert failed.code == 1 and up.found() == before

    up.declare("3", **kept)
    planned = up.cli("deploy", "--remove-orphans", "--plan", "--json")
    assert all(volume in planned.reason("orphans") for volume in volumes)
    done = up.cli("deploy", "--remove-orphans", "--json")
    assert done.code == 0, done.stdout
    assert done.outcomes["orphans"] == "changed" and up.answering_release() == "3"
    assert up.names() == {"app-1", "search-1", "nginx-1"}
    assert all(up.has_volume(volume) for volume in volumes), "its volumes stay"
    assert up.cli("deploy", "--remove-orphans", "--json").report["outcome"] == "unchanged"


def test_an_orphan_that_a_failed_run_stopped_is_started_again(up: Changing) -> None:
    kept = {key: value for key, value in WITH_NEW.items() if key not in ("mailer", "search")}
    kept["app"] = {}
    up.declare("3", **kept)
    before = up.found()
    (up.folder / "playbooks").mkdir()
    playbook = up.folder / "playbooks" / "deploy.yaml"
    playbook.write_text(
        "steps:\n- kind: orphans\n"
        "- {kind: exec, service: app, run: [sh, -c, exit 7], changes: false}\n"
    )
    failed = up.cli("deploy", "--remove-orphans", "--json")
    assert failed.code != 0, failed.stdout
    assert failed.outcomes["orphans"] == "undone", failed.stdout
    assert up.found() == before
    playbook.unlink()
    playbook.parent.rmdir()


def test_an_orphan_of_an_interrupted_run_is_removed_or_started_again(up: Changing) -> None:
    kept = {key: value for key, value in WITH_NEW.items() if key not in ("mailer", "search")}
    kept["app"] = {}
    up.declare("3", **kept)
    before = up.found()
    for words, is_removed in ((["--abort"], False), ([], True)):
        killed = up.start(
            "done:orphans",
            "deploy",
            "--remove-orphans",
            module="tests.stack.support.processes.killed",
        )
        killed.communicate(timeout=120)
        assert killed.returncode == -signal.SIGKILL
        assert up.records("intent")[-1]["step_kind"] == "orphans"
        assert not up.found()[f"{up.project}-search-1"][1], "it was stopped"
        done = up.cli("deploy", *words, "--json")
        assert done.code == 0, done.stdout
        assert ("search-1" in up.names()) is not is_removed
        if not is_removed:
            assert up.found() == before


def test_a_renamed_service_takes_the_port_over_from_its_orphan(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    port = free_port()
    published = {"ports": [f"127.0.0.1:{port}:8000"]}
    renamed: dict[str, Any] = {"roles": "{app: [site]}", "site": {"renamed_from": "app"}}
    with stack_of_kind(tmp_path_factory.mktemp("renamed"), Changing) as stack:
        stack.declare("1", app=published)
        assert stack.cli("up", "--json").code == 0
        before, changes = stack.found(), len(stack.records("intent"))

        stack.declare("2", app=published, **renamed)
        refused = stack.cli("deploy", "--json")
        assert refused.code not in (0, 5) and stack.found() == before, refused.stdout
        assert f"port {port} of the host" in refused.report["error"]["what"]
        assert "--remove-orphans" in refused.report["error"]["todo"]
        assert len(stack.records("intent")) == changes, "it changed nothing"

        stack.declare("2-bad", app=published, **renamed)
        failed = stack.cli("deploy", "--remove-orphans", "--json")
        assert failed.code == 1 and stack.found() == before, failed.stdout

        stack.declare("2", app=published, **renamed)
        planned = stack.cli("deploy", "--remove-orphans", "--plan", "--json")
        assert f"stop {stack.project}-app-1" in planned.reason("rollout"), planned.stdout
        done = stack.cli("deploy", "--remove-orphans", "--json")
        assert done.code == 0, done.stdout
        assert (stack.names(), stack.answering_release()) == ({"site-1"}, "2")
        found = stack.found()
        stack.compose("up", "-d")
        assert stack.found() == found


def test_a_renamed_service_with_a_container_name_is_replaced_at_its_place(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with stack_of_kind(tmp_path_factory.mktemp("named"), Changing) as stack:
        named = {"container_name": f"{stack.project}-fixed", "image": f"{stack.project}:1"}
        stack.declare("1", app=named)
        assert stack.cli("up", "--json").code == 0
        stack.declare("1", app=named, roles="{app: [site]}", site={"renamed_from": "app"})
        planned = stack.cli("deploy", "--plan", "--json")
        assert "created for the service app" in planned.reason("rollout"), planned.stdout
        done = stack.cli("deploy", "--json")
        assert done.code == 0, done.stdout
        (container,) = stack.open().engine.containers(stack.project)
        assert (container.name, container.service) == (named["container_name"], "site")
        stack.compose("up", "-d")
        (same,) = stack.open().engine.containers(stack.project)
        assert same.id == container.id


@pytest.mark.torture
def test_a_new_database_and_a_new_cache_are_created_before_the_backup(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    more: dict[str, Any] = {
        "roles": "{app: [app], database: db, cache: redis}",
        "sections": "database: {name: notes}\n",
        "db": database(),
        "redis": cache(),
    }
    with stack_of_kind(tmp_path_factory.mktemp("data"), Changing) as stack:
        stack.declare("1")
        assert stack.cli("up", "--json").code == 0
        before = stack.found()
        secret = {"DB_ROOT_PASSWORD": "root"}
        stack.declare("2-bad", **more)
        failed = stack.cli("deploy", "--json", **secret)
        assert failed.code == 1 and failed.outcomes["services"] == "undone", failed.stdout
        assert stack.found() == before

        stack.declare("2", **more)
        planned = stack.cli("deploy", "--plan", "--json", **secret)
        assert planned.reason("services") == "create db, redis (no container)", planned.stdout
        assert "the database is new" in planned.reason("health")
        done = stack.cli("deploy", "--json", **secret)
        assert done.code == 0, done.stdout
        assert done.report["backup"] and stack.answering_release() == "2"
        assert stack.names() == {"app-1", "db-1", "redis-1"}
        again = stack.cli("deploy", "--json", **secret)
        assert again.report["outcome"] == "unchanged", again.stdout

        # A renamed database is not started on its data while the old database runs.
        renamed = {key: value for key, value in more.items() if key != "db"}
        renamed |= {"roles": "{app: [app], database: store, cache: redis}", "store": database()}
        stack.declare("2", **renamed)
        refused = stack.cli("deploy", "--remove-orphans", "--json", **secret)
        assert refused.code != 0, refused.stdout
        assert "uses its data" in refused.report["error"]["what"]
        assert f"docker stop {stack.project}-db-1" in refused.report["error"]["todo"]
        engine = stack.open().engine
        engine.stop(stack.found()[f"{stack.project}-db-1"][0], 30)
        done = stack.cli("deploy", "--remove-orphans", "--json", **secret)
        assert done.code == 0, done.stdout
        assert stack.names() == {"app-1", "store-1", "redis-1"}

        del renamed["redis"]
        stack.declare("2", **renamed | {"roles": "{app: [app], database: store}"})
        assert stack.cli("up", "--json", **secret).report["outcome"] == "unchanged"
        done = stack.cli("up", "--remove-orphans", "--json", **secret)
        assert done.code == 0, done.stdout
        assert stack.names() == {"app-1", "store-1"}


def _volumes_of(stack: Changing, name: str) -> tuple[str, ...]:
    container = stack.open().engine.container(name)
    assert container is not None
    return container.volume_names
