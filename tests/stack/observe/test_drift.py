"""Drift from the compose file and the release: named by key, planned, and applied by a deploy."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
import pytest

from cosmicdeploy.engine import labels
from tests.stack.support.harness import RELEASED, StackUnderTest

pytestmark = pytest.mark.stack

APP, SCHEDULER, WORKER = "cosmic-app-1", "cosmic-scheduler", "cosmic-queue-1"
# What is another container's, or another moment's, whatever the file says.
OF_THE_CONTAINER = (
    "Id", "Created", "State", "RestartCount", "LogPath", "HostnamePath", "HostsPath",
    "ResolvConfPath", "GraphDriver", "NetworkSettings.SandboxID", "NetworkSettings.SandboxKey",
    "Config.Hostname", f"Config.Labels.{labels.CONFIG_HASH}",
    "ExecIDs",  # there while the engine's own health check runs
)  # fmt: skip
OF_THE_ENDPOINT = ("EndpointID", "MacAddress", "Aliases", "IPAddress")  # of those without fixed one


def test_only_changes_of_the_file_are_planned_and_applied(
    released: StackUnderTest,
) -> None:
    before = inspected(released)
    change_the_file(released)
    plan = released.cli("deploy", "--plan", "--json")
    assert plan.outcomes["rollout"] == "planned", plan.stdout
    planned = facts(plan.report)
    check = {"key": "healthcheck.interval", "change": "changed", "old": "10s", "new": "4s"}
    added = {"key": "mounts./extra", "change": "added", "old": None}
    secret = {"key": "environment.WORKER_NAME", "change": "changed", "old": None, "new": None}
    limit = {"key": "mem_limit", "change": "changed", "old": "512m", "new": "600m"}
    assert planned == {
        APP: [{**added, "new": str(released.folder / "data-kiosk/extra")}],
        SCHEDULER: [check, limit],
        WORKER: [secret, check],
    }
    shown = released.cli("deploy", "--plan").stdout
    assert "changed healthcheck.interval: 10s → 4s" in shown
    assert "queue-one" not in shown + plan.stdout

    done = released.cli("step", "rollout", "--json")
    assert done.code == 0, done.stderr
    assert facts(done.report) == planned
    after = inspected(released)
    assert {name: changed(before[name], after[name]) for name in RELEASED} == {
        APP: {"HostConfig.Binds", "Mounts"},
        "cosmic-app-2": set(),
        "cosmic-app-3": set(),
        SCHEDULER: {
            "Config.Healthcheck.Interval",
            "HostConfig.Memory",
            "HostConfig.MemorySwap",
        },
        WORKER: {"Config.Env", "Config.Healthcheck.Interval"},
    }
    assert released.cli("step", "rollout", "--json").outcomes == {"rollout": "unchanged"}


def change_the_file(stack: StackUnderTest) -> None:
    path = stack.folder / "docker-compose.prod.yml"
    text = path.read_text()
    for place, more in (
        ("WORKER_NAME: queue-", "one #"),
        ("x-alive-healthcheck: &alive-healthcheck\n", "  interval: 4s\n"),
        (
            "data-kiosk/logs/cosmic-app-1:/var/www/storage/logs",
            "\n      - ./data-kiosk/extra:/extra",
        ),
        ('command: ["console", "schedule:work"]', "\n    mem_limit: 600m"),
    ):
        assert text.count(place) == 1, place
        text = text.replace(place, place + more)
    apps, alive = text.split("x-alive-healthcheck")
    alive = alive.replace("  interval: 10s\n  timeout: 3s", "  timeout: 3s", 1)
    path.write_text(f"{apps}x-alive-healthcheck{alive}")


def facts(report: Mapping[str, Any]) -> Any:
    return next(s["facts"]["differences"] for s in report["steps"] if s["name"] == "rollout")


def inspected(stack: StackUnderTest) -> dict[str, dict[str, Any]]:
    """The engine's description of each container, as flat keys."""
    api = docker.from_env().api
    found = {name: stack.containers()[name].id for name in RELEASED}
    described = {name: api.inspect_container(each) for name, each in found.items()}
    for each in described.values():  # the engine lists mounts in no fixed order
        each["Mounts"].sort(key=lambda mount: mount["Destination"])
    return {name: flat(each) for name, each in described.items()}


def flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, each in value.items():
        name = f"{prefix}{key}"
        if name in OF_THE_CONTAINER or (key in OF_THE_ENDPOINT and "Networks" in prefix):
            continue
        found.update(flat(each, f"{name}.") if isinstance(each, dict) else {name: each})
    return found


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


# --- containers that should not be there, images that are not the release's


def test_second_schedulers_and_orphans_are_named(released: StackUnderTest) -> None:
    with planted(released) as names:
        verify = released.cli("verify", "--json")
        assert verify.code == 5
        point = next(c for c in verify.report["checks"] if not c["ok"])
        assert point["point"] == "orphans" and point["blocking"]
        rows = {r["container"]: r for r in released.cli("status", "--json").report["data"]}
        drifts = {name: rows[name]["drift"].partition(":")[0] for name in names}
        assert drifts == names
        assert all(name in point["found"] for name in names)
        assert all(rows[name]["todo"] in point["todo"] for name in names)
        deploy = released.cli("deploy", "--json")
        second = next(name for name in names if name.startswith("second-"))
        assert deploy.code != 0 and second in deploy.report["error"]["what"]
        run("stop", "-t", "0", second)
        deploy = released.cli("deploy", "--json")
        assert deploy.code != 0 and deploy.report["error"]["what"] == "A second scheduler runs"
    assert released.cli("verify", "--json").code == 0


@contextmanager
def planted(stack: StackUnderTest) -> Iterator[dict[str, str]]:
    """Create orphans; yield their names, each with its kind."""
    ctx = stack.open()
    project, suffix = ctx.stack.project, ctx.service(APP).container_name
    image = ctx.service(SCHEDULER).image
    second, disguised = f"second-{suffix}", f"disguised-{suffix}"
    orphan, aside = f"orphan-{suffix}", f"{suffix}-before-0123abcd"
    work = ["-c", "sleep 600", "console", "schedule:work"]
    try:
        run("run", "-d", *marks(project, SCHEDULER), "--name", second, image, "sleep", "600")
        run("run", "-d", "--entrypoint", "sh", "--name", disguised, image, *work)
        run("run", "-d", *marks(project, "mailer"), "--name", orphan, image, "sleep", "600")
        run("create", *marks(project, APP), "--name", aside, image)
        yield {
            second: "second scheduler",
            disguised: "second scheduler",
            orphan: "not in the file",
            aside: "superseded",
        }
    finally:
        run("rm", "-f", second, disguised, orphan, aside)


def marks(project: str, service: str) -> list[str]:
    wanted = {labels.PROJECT: project, labels.SERVICE: service, labels.ONEOFF: "False"}
    return [f"--label={key}={value}" for key, value in wanted.items()]


def run(*words: str) -> None:
    subprocess.run(["docker", *words], check=True, capture_output=True, timeout=60)


@pytest.mark.torture
def test_a_restart_after_a_build_is_no_deploy(released: StackUnderTest) -> None:
    ctx = released.open()
    old = ctx.image_of(APP)
    assert old is not None
    released.set_variable("APP_VERSION", "3")
    file = ["-f", "docker-compose.prod.yml"]

    def compose(*words: str) -> None:
        command = ["docker-compose", *file, *words]
        subprocess.run(command, cwd=released.folder, check=True, capture_output=True, timeout=200)

    try:
        compose("build", WORKER)
        compose("restart", WORKER)
        assert failing(released) == f"release 2 ({old.id[:19]}) in {', '.join(RELEASED)}"
        rows = {r["service"]: r for r in released.cli("status", "--json").report["data"]}
        assert {rows[name]["drift"] for name in RELEASED} == {"another image runs"}
        compose("up", "-d", "--no-deps", WORKER)
        new = ctx.running(WORKER).image_id
        assert failing(released) == (
            f"release 2 ({old.id[:19]}) in {', '.join(RELEASED[:-1])}; "
            f"release 3 ({new[:19]}) in {WORKER}"
        )
    finally:
        ctx.engine.tag(old.id, ctx.service(APP).image)
        assert released.cli("step", "rollout").code == 0


def failing(stack: StackUnderTest) -> str:
    done = stack.cli("verify", "--json")
    assert done.code == 5
    points = {check["point"]: check for check in done.report["checks"]}
    assert not points["images"]["ok"] and "release 3" in points["images"]["expected"]
    return str(points["images"]["found"])
