"""The main tasks on a real stack: plan, deploy, deploy again, verify."""

from __future__ import annotations

import json

import jsonschema
import pytest

from cosmicdeploy.layout import SOURCES
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.urls import replica_url
from cosmicdeploy.process.polling import poll
from cosmicdeploy.report.schema import schema_text
from tests.stack.support.harness import BEAT, RELEASED, Done, StackUnderTest

pytestmark = pytest.mark.stack

NEW_COLUMNS = {
    "heartbeat_interval_seconds",
    "grace_period_seconds",
    "previous_status",
    "last_status_change_at",
    "status_change_reason",
    "last_heartbeat_source",
}
TORTURE = pytest.mark.torture
STEPS = [
    "recover",
    "health",
    "pull",
    "services",
    "backup",
    "build",
    "dependencies",
    "trial",
    "quiesce workers",
    "migrate",
    "one-shot",
    "preflight",
    "static-files",
    "cache-clear",
    "rollout",
    "proxy",
    "reload",
    "orphans",
    "verify",
    "soak",
]


# Replaces the entry point of the service: it ends at once if the schema is older.
DEMANDING = """
import os

import pymysql

from cosmic_app.serve_as_before import main
from cosmic_app.settings import read_settings

settings = read_settings(os.environ).database
with pymysql.connect(
    host=settings.host, user=settings.user, password=settings.password, database=settings.name
) as connection:
    connection.cursor().execute("SELECT grace_period_seconds FROM remotes LIMIT 1")
main()
"""


def test_a_plan_shows_what_would_change_and_changes_nothing(release_1: StackUnderTest) -> None:
    release_1.put_release_2()
    before = release_1.snapshot()
    done = release_1.cli("deploy", "--plan", "--json")
    assert done.code == 0, done.stderr
    assert (done.report["outcome"], done.report["release"]) == ("planned", "2")
    assert done.outcomes == {
        "recover": "passed",
        "health": "passed",
        "pull": "unchanged",
        "services": "unchanged",
        "backup": "planned",
        "build": "planned",
        "dependencies": "unchanged",
        "trial": "planned",
        "quiesce workers": "planned",
        "migrate": "planned",
        "one-shot": "unchanged",
        "preflight": "planned",
        "static-files": "unchanged",
        "cache-clear": "planned",
        "rollout": "planned",
        "proxy": "unchanged",
        "reload": "unchanged",
        "orphans": "unchanged",
        "verify": "planned",
        "soak": "passed",
    }
    assert "add_heartbeat_management_fields" in done.reason("migrate")
    assert release_1.snapshot() == before


@pytest.mark.parametrize("words", [["deploy", "--plan"], ["deploy"]])
def test_the_plan_refuses_what_the_classic_builder_would_ignore(
    release_1: StackUnderTest, words: list[str]
) -> None:
    before = release_1.snapshot()
    dockerfile = release_1.folder / SOURCES / "Dockerfile"
    line = dockerfile.read_text().count("\n") + 1
    with dockerfile.open("a") as lines:
        lines.write('ARG TARGETARCH\nRUN echo "$TARGETARCH" <<EOF\n1\nEOF\n')
    (dockerfile.parent / "Dockerfile.dockerignore").write_text("secret\n")
    done = release_1.cli(*words, DOCKER_BUILDKIT="0")
    assert done.code == 1
    for place in (f"Dockerfile:{line})", f"Dockerfile:{line + 1})", "Dockerfile.dockerignore is"):
        assert place in done.stderr
    assert release_1.snapshot() == before


def test_a_deploy_runs_the_built_image_in_all_containers(release_1: StackUnderTest) -> None:
    old_images = release_1.images()
    release_1.put_release_2()
    with release_1.beats() as beats:
        done = release_1.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    jsonschema.validate(done.report, json.loads(schema_text()))
    assert [step["name"] for step in done.report["steps"]] == STEPS
    assert done.report["release"] == "2"

    ctx = release_1.open()
    built = ctx.image_of("cosmic-app-1")
    assert built is not None
    assert release_1.images() == {built.id} and built.id not in old_images
    assert all(container.is_running for container in release_1.containers().values())
    for name in RELEASED[:3]:
        answer = send_request(replica_url(ctx, name) + "/api/health")
        assert (answer.status, answer.headers["X-App-Version"]) == (200, "2")
    with release_1.database() as facts:
        assert set(facts.columns("remotes")) >= NEW_COLUMNS
    assert beats.sent > 20 and beats.failures == []
    requests = done.report["requests"]
    assert requests["sent"] > 20 and requests["broken"] == ""
    assert requests["new"]["sent"] > 10 and requests["kept"]["sent"] > 10
    stats = requests["beats"]
    assert 0 < stats["found"] == stats["acknowledged"] == stats["sent"]
    assert (requests["proxy"]["errors"], requests["proxy"]["gone"]) == (0, 0)
    # The requests of the deployer and of the kiosks.
    assert requests["proxy"]["answers"] > requests["sent"]


@pytest.mark.torture
def test_code_that_needs_its_migration_to_start_can_be_deployed(release_1: StackUnderTest) -> None:
    release_1.put_release_2()
    serve = release_1.folder / SOURCES / "cosmic_app" / "serve.py"
    serve.rename(serve.with_name("serve_as_before.py"))
    serve.write_text(DEMANDING)
    done = release_1.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert (done.outcomes["migrate"], done.report["release"]) == ("changed", "2")


def test_a_second_deploy_changes_nothing_and_gives_the_reasons(released: StackUnderTest) -> None:
    before = released.snapshot()
    backups = len(released.open().catalogue.list())
    done = released.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert done.report["outcome"] == "unchanged"
    assert set(done.outcomes.values()) == {"passed", "unchanged"}
    assert all(step["reason"] for step in done.report["steps"])
    assert released.snapshot() == before
    assert len(released.open().catalogue.list()) == backups


def test_verify_has_a_result_for_every_point(released: StackUnderTest) -> None:
    done = released.cli("verify", "--json")
    assert done.code == 0, done.stdout
    points = {check["point"]: check["ok"] for check in done.report["checks"]}
    assert points == dict.fromkeys(
        [
            "containers",
            "images",
            "orphans",
            "schema",
            "health",
            "scheduler",
            "monitor",
            "heartbeat",
            "proxy",
        ],
        True,
    )


def test_verify_names_a_missing_column(released: StackUnderTest) -> None:
    with released.database() as facts:
        facts.session.execute("ALTER TABLE remotes DROP COLUMN last_heartbeat_source")
    try:
        done = released.cli("verify", "--json")
        assert done.code == 5
        failing = [check for check in done.report["checks"] if not check["ok"]]
        assert [check["point"] for check in failing] == ["schema"]
        assert "remotes.last_heartbeat_source" in failing[0]["found"]
    finally:
        with released.database() as facts:
            facts.session.execute(
                "ALTER TABLE remotes ADD COLUMN last_heartbeat_source VARCHAR(50) NULL"
            )


def test_verify_names_a_stopped_app(released: StackUnderTest) -> None:
    ctx = released.open()
    app = ctx.running("cosmic-app-2")
    ctx.engine.stop(app.id, 10)
    try:
        done = released.cli("verify", "--json")
        assert done.code == 5
        failing = {c["point"]: c["found"] for c in done.report["checks"] if not c["ok"]}
        assert "cosmic-app-2" in failing["containers"]
        assert "cosmic-app-2" in failing["health"]
    finally:
        ctx.engine.start(app.id)
        assert released.cli("step", "health").code == 0


def test_a_backup_step_alone_always_makes_a_backup(released: StackUnderTest) -> None:
    before = len(released.open().catalogue.list())
    assert released.cli("step", "backup", "--json").outcomes == {"backup": "changed"}
    assert len(released.open().catalogue.list()) == before + 1


# The second deploy above covers the other steps.
CHECKING = {"recover", "health", "trial", "preflight", "verify", "soak"}
ALONE = [
    name if name in ("build", "migrate", "rollout") else pytest.param(name, marks=TORTURE)
    for name in STEPS
    if name != "backup"
]


@pytest.mark.parametrize("name", ALONE)
def test_a_step_alone_after_a_deploy_changes_nothing(released: StackUnderTest, name: str) -> None:
    before = released.snapshot()
    done = released.cli("step", name, "--json")
    assert done.code == 0, done.stderr
    assert done.outcomes == {name: "passed" if name in CHECKING else "unchanged"}
    assert released.snapshot() == before


def _all_healthy(done: Done) -> bool:
    return {row["state"] for row in done.report["data"]} == {"healthy"}


def test_status_shows_what_runs(released: StackUnderTest) -> None:
    # The engine may still call a container "starting" after the deployer has run its health check
    # itself: a test before starts one again, and waits for it in that way.
    done = poll(lambda: released.cli("status", "--json"), until=_all_healthy, every=1, within=60)
    rows = {row["service"]: row for row in done.report["data"]}
    assert done.code == 0
    assert rows["cosmic-app-1"]["release"] == "2"
    assert _all_healthy(done), rows
    assert {row["drift"] for name, row in rows.items() if name in RELEASED} == {""}


def test_a_heartbeat_through_the_load_balancer_is_answered(released: StackUnderTest) -> None:
    answer = send_request(released.url() + BEAT, token=released.token(), json={"battery_level": 85})
    assert answer.status == 200
    assert isinstance(json.loads(answer.body)["should_reconnect"], bool)
