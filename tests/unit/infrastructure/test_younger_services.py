"""A rollback leaves out what is younger than the backup, and says what becomes of each service."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.younger_services import Fate, fates, leave_out, younger_lines
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import EngineError, Refused
from cosmicdeploy.events import Event, Warned
from cosmicdeploy.steps.backups.images_only import running_images
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from cosmicdeploy.steps.images.rollback_tags import ImagesStep
from cosmicdeploy.steps.rollout import left_out
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from cosmicdeploy.verification.container_checks import containers, images
from tests.unit.infrastructure.shop import Engine, Open, container, running_engine
from tests.unit.journal.journal_writer import Writer

pytestmark = pytest.mark.unit

COMPOSE = """\
name: shop
services:
  web: {image: shop/app}
  web2: {image: shop/app2}
  api: {image: shop/api}
  cron: {image: shop/cron, command: cron}
  queue: {image: shop/app, command: work}
  tool: {image: shop/app, command: tool}
  mailer: {image: mailer}
  later: {image: later}
  db: {image: 'mariadb:10', volumes: ['data:/var/lib/mysql']}
volumes: {data: }
"""
SETTINGS = """\
compose_file: compose.yml
services: {app: [web, web2, api], scheduler: cron, worker: [queue], database: db}
app: {console: [none]}
applications: {api: {port: 81}}
database: {name: shop}
"""
YOUNGER = {
    "web2": Fate.GOES_BACK,
    "api": Fate.STAYS,
    "cron": Fate.STOPPED,
    "queue": Fate.STOPPED,
    "tool": Fate.STOPPED,
    "mailer": Fate.STAYS,
    "later": Fate.ABSENT,
}
TAGS = {
    "web": "shop/app",
    "web2": "shop/app2",
    "api": "shop/api",
    "cron": "shop/cron",
    "mailer": "mailer",
    "db": "mariadb:10",
}


def manifest(**services: str) -> Any:
    return SimpleNamespace(images=services, digests={}, releases={}, release="1", release_text="1")


OLD = manifest(web="sha256:old")


@pytest.fixture
def engine() -> Engine:
    """All services run the newer release, except `later`, which has no container yet."""
    engine = running_engine()
    engine.images = {tag: Image(id=f"sha256:{name}") for name, tag in TAGS.items()}
    engine.images["old"] = Image(id="sha256:old")
    running = {**{name: name for name in TAGS}, "queue": "web", "tool": "web"}
    engine.by_name = {
        f"shop-{name}-1": container(name, f"sha256:{image}") for name, image in running.items()
    }
    return engine


@pytest.fixture
def now(shop: Open, engine: Engine) -> Context:
    """The stack as it is before the rollback."""
    return shop(engine, COMPOSE, SETTINGS)


def rolling_back(ctx: Context, backup: Any = OLD) -> Context:
    target: Any = SimpleNamespace(manifest=backup, id="b")
    return leave_out(ctx, backup).with_run(target_backup=target)


def test_the_fate_of_each_younger_service_is_known_and_named(now: Context) -> None:
    assert fates(now, OLD) == YOUNGER
    lines = younger_lines(fates(now, OLD), data_go_back=True)
    assert "mailer is younger than the backup: it stays as it is, with its own image" in lines[5]
    assert lines[5].endswith("(it is stopped while the data are restored)")
    assert "queue is younger than the backup: it is stopped" in lines[3]
    assert "volumes stay, and the next deploy starts it again" in lines[3]


def test_nothing_is_younger_than_a_backup_of_all_services_or_of_unknown_ones(now: Context) -> None:
    every = manifest(**dict.fromkeys(("web", *YOUNGER), "sha256:old"))
    assert fates(now, every) == {} == fates(now, manifest())


def test_another_number_of_replicas_makes_no_service_younger(shop: Open, engine: Engine) -> None:
    compose = COMPOSE.replace("{image: shop/app}", "{image: shop/app, deploy: {replicas: 2}}")
    ctx = shop(engine, compose, SETTINGS)
    assert {"web.1", "web.2"}.isdisjoint(fates(ctx, OLD))
    moved = ImagesStep(name="images").check(rolling_back(ctx))
    assert isinstance(moved, Change) and "shop/app" in moved.before["tags"]
    assert set(fates(shop(engine, COMPOSE, SETTINGS), manifest(**{"web.1": "x"}))) == set(YOUNGER)


def test_a_backup_without_the_main_application_is_refused_at_once(now: Context) -> None:
    with pytest.raises(Refused, match="no image of web, web2") as raised:
        rolling_back(now, manifest(former="sha256:old"))
    assert "`cosmicdeploy backup list`" in raised.value.todo
    assert "`cosmicdeploy deploy --remove-orphans`" in raised.value.todo
    assert "the release variable in .env" in raised.value.todo
    assert raised.value.todo.endswith("then run this rollback again to restore the data")


def test_tags_go_back_only_for_what_the_older_release_had(now: Context) -> None:
    change = ImagesStep(name="images").check(rolling_back(now))
    assert isinstance(change, Change)
    assert set(change.before["tags"]) == {"shop/app", "shop/app2"}


def test_the_rollout_replaces_replicas_and_stops_what_has_no_older_code(
    now: Context, engine: Engine
) -> None:
    back = rolling_back(now)
    engine.images |= dict.fromkeys(("shop/app", "shop/app2"), engine.images["old"])
    change = RolloutStep(name="rollout").check(back)
    assert isinstance(change, Change)
    assert set(change.before["containers"]) == {"web", "web2"}
    stopped = [each["service"] for each in change.before["left_out"]]
    assert stopped == ["cron", "queue", "tool"]
    assert "stop cron, queue, tool (younger than the backup)" in change.summary
    for name in stopped:
        full = f"shop-{name}-1"
        engine.by_name[full] = replace(engine.by_name[full], status="exited")
    engine.by_name |= {f"shop-{n}-1": container(n, "sha256:old") for n in ("web", "web2")}
    assert isinstance(RolloutStep(name="rollout").check(back), Unchanged)
    assert (containers(back).ok, images(back).ok) == (True, True), "the rest is left out"


def test_everything_that_may_write_stops_while_data_go_back_and_the_rest_starts_again(
    now: Context, engine: Engine
) -> None:
    back, writer = rolling_back(now), Writer(now.journal.path)
    running = set(QuiesceStep(name="quiesce")._running(back))
    assert running == {"web", "web2", "api", "cron", "queue", "tool", "mailer"}
    writer.run("r", "rollback", "b")
    before = {"containers": {n: f"id-{n}" for n in running}, "ready": [], "shielded": False}
    options = {"options": {"name": "quiesce"}, "change": "stop", "before": before}
    writer.journal.append("intent", step="quiesce", step_kind="quiesce", **options)
    for name in running:
        full = f"shop-{name}-1"
        engine.by_name[full] = replace(engine.by_name[full], status="exited")
    changes = left_out.to_change(replace(back, journal=writer.journal))
    assert {each["service"]: each["running"] for each in changes["left_out"]} == {
        "api": False,
        "mailer": False,
    }
    assert left_out.to_change(back.with_run(resumed_runs=())) == {}, "no run has stopped them"
    both = {"containers": {}, **changes}
    started = {"options": {"name": "rollout"}, "change": "start", "before": both}
    writer.journal.append("intent", step="rollout", step_kind="rollout", **started)
    again = left_out.to_change(replace(back, journal=writer.journal))
    assert again == {}, "one that ends at once fails no rollback"


def test_an_undo_restores_what_ran(
    now: Context, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    ended: list[str] = []
    monkeypatch.setattr(
        left_out, "start_container", lambda _c, name, *_a, **_k: started.append(name)
    )
    monkeypatch.setattr(left_out, "end", lambda _c, name, *_: ended.append(name))
    before = {
        "left_out": [
            {"service": "queue", "id": "id-queue", "running": True},
            {"service": "mailer", "id": "id-mailer", "running": False},
            {"service": "tool", "id": "gone", "running": True},
        ]
    }
    left_out.undo_younger(now, before)
    assert (started, ended) == ([], ["mailer"])
    engine.by_name["shop-queue-1"] = container("queue", "sha256:web", status="exited")
    left_out.undo_younger(now, before)
    assert started == ["queue"]


def test_a_younger_service_that_does_not_start_again_undoes_no_rollback(
    now: Context, engine: Engine, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may share the network of a container that has been replaced."""
    started: list[str] = []

    def start(_ctx: Context, name: str, _id: str, *, hooks_may_fail: bool) -> None:
        started.append(name)
        if name == "api":
            raise EngineError("No such container", where=str(hooks_may_fail))

    monkeypatch.setattr(left_out, "start_container", start)
    for name in ("api", "mailer"):
        full = f"shop-{name}-1"
        engine.by_name[full] = replace(engine.by_name[full], status="exited")
    stopped = [{"service": n, "id": f"id-{n}", "running": False} for n in ("api", "mailer")]
    left_out.start_younger(now, {"left_out": stopped})
    [warning] = [each for each in events if isinstance(each, Warned)]
    assert "api is younger than the backup, and could not be started again" in warning.text
    with pytest.raises(EngineError):
        left_out.undo_younger(now, {"left_out": [{**e, "running": True} for e in stopped]})
    assert started == ["api", "mailer"] * 2


def test_a_backup_of_a_rollback_still_names_what_it_leaves_out(now: Context) -> None:
    assert set(running_images(rolling_back(now))) == {*YOUNGER, "web"} - {"later"}


def test_a_backup_before_a_renaming_has_the_application_under_its_former_name(
    shop: Open, engine: Engine
) -> None:
    """So the release that still runs can be rolled back to, once its files are back."""
    compose, settings = COMPOSE, SETTINGS
    for former, name in (("web2", "site2"), ("web", "site"), ("api", "rest")):
        compose = compose.replace(f"  {former}:", f"  {name}:")
        settings = re.sub(rf"\b{former}\b", name, settings)
    renamed = shop(engine, compose, settings)
    images = running_images(renamed)
    assert (images["web"], images["web2"]) == ("sha256:web", "sha256:web2")
    assert "site" not in images and images["cron"] == "sha256:cron"
    with pytest.raises(Refused, match="no image of site, site2"):
        rolling_back(renamed, manifest(**images))
    back = shop(engine, COMPOSE, SETTINGS)
    assert set(fates(back, manifest(**images))) == {"later"}
    assert set(running_images(back)) == set(images), "no orphan is in a backup otherwise"


def test_a_renamed_application_that_keeps_its_container_name_is_in_a_backup_by_both_names(
    shop: Open, engine: Engine
) -> None:
    """Otherwise, with the release's files back, the rollback would be refused once more."""
    app = "{image: shop/app, container_name: shop-web-1}"
    compose = COMPOSE.replace("web: {image: shop/app}", f"web: {app}")
    site = compose.replace("  web:", "  site:")
    renamed = shop(engine, site, re.sub(r"\bweb\b", "site", SETTINGS))
    images = running_images(renamed)
    assert (images["web"], images["site"]) == ("sha256:web", "sha256:web")
    back = shop(engine, compose, SETTINGS)
    assert set(fates(back, manifest(**images))) == {"later"}
    assert set(running_images(back)) == set(images) - {"site"}
