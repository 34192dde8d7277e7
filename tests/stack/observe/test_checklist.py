"""The day-after checklist on the real stack: a deploy records a baseline, and planted evidence is
found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import jsonschema
import pytest

from cosmicdeploy.operations.checklist.evidence import database
from cosmicdeploy.report.schema import schema_text
from tests.stack.support.harness import ROOT, Done, StackUnderTest, lay_out_release_1, running

pytestmark = pytest.mark.stack

MISSES = "for number = 1, 5000 do redis.call('GET', 'nothing:' .. number) end"
ERROR = "[2026-02-02 10:00:00] ERROR: (1054, \"Unknown column 'planted' in 'field list'\")"
FLAG = "data-kiosk/proxy/maintenance"


class Billing(BaseHTTPRequestHandler):
    """A service outside the stack."""

    api = 2

    def do_GET(self) -> None:
        body = json.dumps({"api": type(self).api}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@dataclass(frozen=True)
class Deployed:
    """The stack right after a deploy, and the baseline that the deploy wrote."""

    stack: StackUnderTest
    baseline: Path

    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.baseline.read_text())
        return found

    def checklist(self, *words: str) -> Done:
        return self.stack.cli("checklist", "--json", *words)

    def checklist_in(self, seconds: float, *words: str, **environ: str) -> Done:
        """Run the checklist with the clock set ahead by so many seconds."""
        argv = [
            sys.executable,
            "-m",
            "tests.stack.support.processes.ahead",
            str(seconds),
            "checklist",
            *words,
        ]
        done = subprocess.run(
            argv,
            cwd=self.stack.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


def baselines(stack: StackUnderTest) -> set[Path]:
    return set((stack.folder / ".cosmicdeploy" / "baselines").glob("*.json"))


def points(done: Done) -> dict[str, dict[str, Any]]:
    return {point["point"]: point for point in done.report["checklist"]["points"]}


def beat(stack: StackUnderTest, count: int) -> None:
    with stack.beats(per_second=100) as measured:
        while measured.sent < count:
            time.sleep(0.1)


def wait_for_counters(stack: StackUnderTest, since: float = 0.0) -> None:
    """Wait until the database's counters cover enough time for a verdict, from `since` seconds
    after its start on."""
    while database.counters(stack.open())[database.UPTIME] - since <= database.MIN_SECONDS:
        time.sleep(1)


def execute(stack: StackUnderTest, service: str, *command: str) -> None:
    ctx = stack.open()
    result = ctx.engine.exec(ctx.running(service).id, command)
    assert result.exit_code == 0, result.error_text


@pytest.fixture(scope="module")
def billing() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Billing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/version"
    server.shutdown()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, billing: str) -> Iterator[Deployed]:
    """One deploy for all of these tests, after a time with few cache hits, on a stack of their own:
    what other tests leave in logs and tables would become the baseline."""
    stack = lay_out_release_1(tmp_path_factory.mktemp("checked") / "kiosk")
    with running(stack):
        service = f'{{name: Billing, url: "{billing}", body: \'"api": 2\'}}'
        stack.set_setting("external: []", f"external: [{service}]")
        stack.put_release_2()
        stack.set_variable("APP_VERSION", "checked")
        execute(stack, "platform-redis", "redis-cli", "eval", MISSES, "0")
        beat(stack, 60)
        wait_for_counters(stack)
        known = baselines(stack)
        done = stack.cli("deploy", "--json")
        assert done.code == 0, done.stderr
        (made,) = baselines(stack) - known
        yield Deployed(stack, made)


def test_a_deploy_records_a_baseline(deployed: Deployed) -> None:
    record = deployed.record()
    assert {name: found["why"] for name, found in record["before"].items() if "why" in found} == {}
    assert set(record["after"]) == {"database", "cache"}
    assert (record["release"], record["command"]) == ("checked", "deploy")
    assert record["release_before"] != "checked"
    assert record["at"] < record["in_place_at"]
    before = record["before"]
    assert before["application"]["hours"] > 0, "the old containers' logs were read in time"
    assert before["proxy"]["answers"] > 0 and before["cache"]["ratio"] < 0.9
    text = deployed.baseline.read_text()
    values = [line.partition("=")[2] for line in (deployed.stack.folder / ".env").open()]
    assert not [value for value in values if len(value) > 20 and value.strip() in text]
    assert deployed.baseline.stat().st_mode & 0o777 == 0o600


def test_a_deploy_without_changes_or_undone_records_nothing(deployed: Deployed) -> None:
    known = baselines(deployed.stack)
    assert deployed.stack.cli("deploy", "--json").report["outcome"] == "unchanged"
    dockerfile = deployed.stack.folder / "cosmic-media-streaming-dpr" / "Dockerfile"
    kept = dockerfile.read_text()
    dockerfile.write_text(f"{kept}\nRUN exit 3\n")
    assert deployed.stack.cli("deploy", "--json").code == 1
    dockerfile.write_text(kept)
    assert baselines(deployed.stack) == known


def test_no_point_is_worse_right_after_the_deploy(deployed: Deployed) -> None:
    beat(deployed.stack, 150)
    done = deployed.checklist()
    jsonschema.validate(done.report, json.loads(schema_text()))
    found = points(done)
    assert done.code == 0, found
    assert list(found) == [
        "migrations",
        "transitions",
        "flapping",
        "rate-limit",
        "scheduler",
        "database",
        "cache",
        "errors",
        "external",
    ]
    assert found["cache"]["verdict"] == "better", found["cache"]
    assert found["external"]["verdict"] == "same"
    assert found["errors"]["verdict"] in ("same", "better"), found["errors"]
    assert found["errors"]["now"]["requests"]["answers"] >= 150
    assert found["rate-limit"]["verdict"] == "unknown" and "--probe" in found["rate-limit"]["todo"]
    assert done.report["checklist"]["baseline"]["run"] == deployed.record()["run"]


def test_planted_evidence_is_found_and_ends_with_5(deployed: Deployed) -> None:
    stack = deployed.stack
    ctx = stack.open()
    scheduler = ctx.running("cosmic-scheduler").id
    ctx.engine.stop(scheduler, 10)
    minute = (time.time() // 60 + 1) * 60
    try:
        plant(stack)
        wait_for_counters(stack, deployed.record()["after"]["database"][database.UPTIME])
        seconds = minute + 61 - time.time()
        done = deployed.checklist_in(seconds, "--json", "--junit=checklist.xml")
        for_people = deployed.checklist_in(seconds, COLUMNS="80")
    finally:
        ctx.engine.start(scheduler)
        Billing.api = 2
    found = points(done)
    verdicts = {name: point["verdict"] for name, point in found.items()}
    assert done.code == 5 and done.report["outcome"] == "failed"
    expected = {
        "migrations": "worse",
        "transitions": "worse",
        "flapping": "worse",
        "rate-limit": "unknown",
        "scheduler": "worse",
        "database": "worse",
        "errors": "worse",
        "external": "worse",
    }
    assert verdicts == {**expected, "cache": verdicts["cache"]}, found
    assert found["scheduler"]["now"]["missed"] in (1, 2), found["scheduler"]
    assert found["flapping"]["now"]["flapping"] == 1
    assert found["errors"]["now"]["requests"]["errors"] >= 40
    assert "slow queries" in found["database"]["found"]
    assert found["external"]["found"] == "Billing: its answer has no '\"api\": 2'"

    suite = parse(stack.folder / "checklist.xml").getroot()[0]  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures")) == ("9", "7")
    assert for_people.code == 5
    lines = for_people.stdout.splitlines()
    assert max(map(len, lines[:-5])) <= 80
    assert "compared with the baseline of release" in for_people.stdout
    assert "7 worse" in for_people.stdout


def plant(stack: StackUnderTest) -> None:
    """Plant evidence for each point."""
    with stack.database() as facts:
        rows = facts.session.rows("SELECT id, status FROM remotes WHERE name = 'KIOSK-13'")
        (device, status), away = rows[0], "Elsewhere"
        for before, after in ((status, away), (away, status)) * 3:
            facts.session.execute(
                "INSERT INTO device_status_transitions (remote_id, from_status, to_status, reason,"
                " source, created_at) VALUES (%s, %s, %s, 'planted', 'test', NOW(3))",
                device,
                before,
                after,
            )
        facts.session.execute("UPDATE remotes SET status = 'Nowhere' WHERE name = 'KIOSK-14'")
        facts.session.execute("SET SESSION long_query_time = 0")
        for _ in range(100):
            facts.session.execute("SELECT 1")
    execute(stack, "cosmic-app-1", "sh", "-c", 'echo "$1" >/proc/1/fd/1', "sh", ERROR)
    (stack.folder / FLAG).touch()
    try:
        for _ in range(40):
            assert stack.health().status == 503
    finally:
        (stack.folder / FLAG).unlink()
    Billing.api = 1


def test_a_burst_tests_the_rate_limit(deployed: Deployed) -> None:
    point = points(deployed.checklist("--probe", "--since=1m"))["rate-limit"]
    assert point["verdict"] == "same", point
    assert point["now"]["status"] == 429 and point["now"]["let_in"] < 2 * 120


def test_a_log_that_is_gone_makes_a_point_unknown(deployed: Deployed) -> None:
    ctx = deployed.stack.open()
    ctx.engine.remove(ctx.running("cosmic-scheduler").id)
    assert deployed.stack.cli("up", "--json").code == 0
    point = points(deployed.checklist())["scheduler"]
    assert point["verdict"] == "unknown", point
    assert point["why"] == "the scheduler's log covers no whole minute yet"


def test_a_recorded_baseline_replaces_the_deploys(deployed: Deployed) -> None:
    made = deployed.stack.cli("checklist", "--record", "--json")
    assert (made.code, made.report["outcome"]) == (0, "changed"), made.stderr
    done = deployed.checklist()
    assert done.report["checklist"]["baseline"]["command"] == "checklist --record"
    found = points(done)
    assert found["errors"]["now"]["requests"]["errors"] == 0, "evidence counts from then on"
    assert found["external"]["verdict"] == "same"
