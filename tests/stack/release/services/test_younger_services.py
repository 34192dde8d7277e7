"""A rollback past the deploy that added a service keeps its data; a deploy restores it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack.stacks.changing import Changing, free_port, sleeping
from tests.stack.stacks.one_app import stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE, StackUnderTest
from tests.stack.support.variants import edit

pytestmark = pytest.mark.stack

MAILER = sleeping(volumes=["letters:/letters"], stop_grace_period="1s")
QUEUE: dict[str, Any] = {"roles": "{app: [app], worker: [queue]}"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changing]:
    """Release 1 of the application alone, running."""
    with stack_of_kind(tmp_path_factory.mktemp("younger"), Changing) as stack:
        stack.declare("1")
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_a_rollback_leaves_younger_services_out_and_says_so(up: Changing) -> None:
    queue = sleeping(image=f"{up.project}-app", stop_grace_period="1s")
    up.declare("2", queue=queue, mailer=MAILER, exporter=sleeping(), **QUEUE)
    deployed = up.cli("deploy", "--json")
    assert deployed.code == 0, deployed.stdout
    up.declare("2", queue=queue, mailer=MAILER, exporter=sleeping(), later=sleeping(), **QUEUE)
    before = up.found()
    name = {each: f"{up.project}-{each}-1" for each in ("app", "queue", "mailer", "exporter")}

    asked = up.cli("rollback", "--to", "1")
    assert asked.code == 2, "it did not ask"
    assert "queue is younger than the backup: it is stopped" in asked.stderr
    assert up.found() == before, "nothing is touched before the question"

    back = up.cli("rollback", "--to", "1", "--yes", "--json")
    assert back.code == 0, back.stdout
    assert (back.report["release"], up.answering_release()) == ("1", "1")
    warnings = " ".join(back.report["warnings"])
    assert "exporter is younger than the backup: it stays as it is" in warnings
    assert "later is younger than the backup: it has no container, and gets none" in warnings
    found = up.found()
    assert found[name["queue"]] == (before[name["queue"]][0], False), "stopped, not removed"
    assert found[name["exporter"]] == before[name["exporter"]]
    assert found[name["mailer"]] == before[name["mailer"]], "it keeps data"
    assert found.keys() == before.keys()

    again = up.cli("rollback", "--to", "1", "--yes", "--json")
    assert (again.code, again.report["outcome"]) == (0, "unchanged"), again.stdout
    forward = up.cli("deploy", "--json")
    assert forward.code == 0, forward.stdout
    assert up.answering_release() == "2"
    assert all(is_running for _, is_running in up.found().values())
    assert f"{up.project}-later-1" in up.found()


@pytest.mark.torture
def test_past_the_renaming_of_the_application_a_rollback_names_the_way_that_works(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    renamed: dict[str, Any] = {"roles": "{app: [site]}", "site": {"renamed_from": "app"}}
    with stack_of_kind(tmp_path_factory.mktemp("former"), Changing) as stack:
        published = {"ports": [f"127.0.0.1:{free_port()}:8000"]}
        stack.declare("1", app=published)
        assert stack.cli("up", "--json").code == 0
        stack.declare("2", app=published, **renamed)
        done = stack.cli("deploy", "--remove-orphans", "--json")
        assert done.code == 0, done.stdout
        backup, before = done.report["backup"], stack.found()

        refused = stack.cli("rollback", "--to", backup, "--yes", "--json")
        assert refused.code == 1 and stack.found() == before, refused.stdout
        assert "no image of site" in refused.report["error"]["what"]
        assert "`cosmicdeploy deploy --remove-orphans`" in refused.report["error"]["todo"]

        stack.declare("1", app=published)
        back = stack.cli("deploy", "--remove-orphans", "--json")
        assert back.code == 0, back.stdout
        again = stack.cli("rollback", "--to", backup, "--yes", "--json")
        assert again.code == 0, again.stdout
        assert (stack.names(), stack.answering_release()) == ({"app-1"}, "1")


@pytest.mark.torture
@pytest.mark.parametrize("mode", [(), ("--migration",)])
def test_younger_services_are_stopped_while_data_go_back(
    release_1: StackUnderTest, mode: tuple[str, ...]
) -> None:
    worker = "cosmic-queue-2"

    def add(document: dict[str, Any]) -> None:
        services = document["services"]
        services[worker] = {**services["cosmic-queue-1"], "container_name": worker}
        services["exporter"] = {**sleeping(), "container_name": "exporter-kiosk"}

    release_1.put_release_2()
    edit(release_1.folder / COMPOSE_FILE, add)
    try:
        deployed = release_1.cli("deploy", "--json")
        assert deployed.code == 0, deployed.stderr
        before = release_1.open().running("exporter")
        backup = deployed.report["backup"]
        back = release_1.cli("rollback", "--to", backup, *mode, "--yes", "--json")
        assert back.code == 0, back.stderr
        assert back.report["release"] == "1"
        ctx = release_1.open()
        after, stopped = ctx.running("exporter"), ctx.container(worker)
        assert after.id == before.id and after.started_at > before.started_at
        assert stopped is not None and not stopped.is_active
    finally:
        ctx = release_1.open()
        for name in (worker, "exporter"):
            if container := ctx.container(name):
                ctx.engine.stop(container.id, 1)
                ctx.engine.remove(container.id)
