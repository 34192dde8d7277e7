"""A release that crashes once it was ready, and the fix of one that no longer works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
import yaml

from tests.stack.stacks.behind_nginx.replicated import Replicated
from tests.stack.stacks.one_app import SETTINGS, stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE

pytestmark = pytest.mark.stack

REPLICAS = ("app.1", "app.2", "app.3")
# A release named "…-crashes-5" ends 5 s after it has started.
CRASHES = """
import sys
import threading

def crash() -> None:
    print("no such column: price", file=sys.stderr, flush=True)
    os._exit(5)

if "crashes" in RELEASE:
    threading.Timer(float(RELEASE.rpartition("-")[2]), crash).start()
"""


@dataclass(frozen=True)
class Crashing(Replicated):
    """Three replicas, which the engine restarts when they end."""

    def write(self, release: str = "1", *, stable_for: float = 8) -> None:
        super().write(release)
        server = self.folder / "server.py"
        imports, own, rest = server.read_text().partition('RELEASE = os.environ["RELEASE"]\n')
        server.write_text(imports + own + CRASHES + rest)
        file = self.folder / COMPOSE_FILE
        declared = yaml.safe_load(file.read_text())
        declared["services"]["app"]["restart"] = "always"
        file.write_text(yaml.safe_dump(declared))
        settings = SETTINGS.replace("{app: [app]}", "{app: [app], proxy: nginx}")
        settings = settings.replace("pause: 0", "pause: 3")
        settings = settings.replace("stable_for: 0", f"stable_for: {stable_for}")
        (self.folder / "cosmicdeploy.yaml").write_text(settings)

    def replica_starts(self) -> Mapping[str, tuple[str, str]]:
        """Return the id and the start time of each replica's container."""
        lives = self.lives()
        return {name: lives[name][:2] for name in REPLICAS}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """Release 1, running."""
    with stack_of_kind(tmp_path_factory.mktemp("crashing"), Crashing) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


@pytest.mark.fault("crash 5 s after the start")
def test_a_release_that_crashes_after_5_s_replaces_no_replica(up: Crashing) -> None:
    before = up.replica_starts()
    up.write(release="2-crashes-5")
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    error = failed.report["error"]
    assert "did not keep running (exited, exit code 5); no replica was touched" in error["what"]
    assert any("no such column: price" in line for line in error["details"]), error
    assert up.replica_starts() == before, "none was stopped and started again either"
    assert up.answering_release() == "1"


def test_a_release_that_keeps_running_goes_live_after_that_time(up: Crashing) -> None:
    up.write(release="2")
    assert "has to run for 8 s" in up.cli("deploy", "--plan", "--json").reason("preflight")
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    [preflight] = [step for step in done.report["steps"] if step["kind"] == "preflight"]
    waited = preflight["facts"]["waited_seconds"]
    assert 0 < waited <= preflight["seconds"] < 8 + 5, "the time counts from the trial's start"
    assert (done.report["requests"]["broken"], up.answering_release()) == ("", "2")


@pytest.mark.fault("crash 5 s after the start, without a trial")
def test_the_replicas_replaced_before_are_looked_at_before_the_next_one(up: Crashing) -> None:
    """Without the time for the trial, the rollout ends at the replica after the crash."""
    before, release = up.replica_starts(), up.answering_release()
    up.write(release="3-crashes-5", stable_for=0)
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    error = failed.report["error"]
    assert "after it became ready" in error["what"], error
    assert any("no such column: price" in line for line in error["details"]), error
    after = up.replica_starts()
    assert after["app.3"] == before["app.3"], "the last replica was never touched"
    assert [id_ for id_, _ in after.values()] == [id_ for id_, _ in before.values()]
    assert up.answering_release() == release


@pytest.mark.fault("fix of a release that no longer works")
def test_a_fix_is_deployed_over_a_release_that_no_longer_works(up: Crashing) -> None:
    """No option is needed: what did not work when the run began need not keep working.

    `test_fix_forward` breaks the shipped application in more ways.
    """
    ctx = up.open()
    for name in REPLICAS:
        assert ctx.engine.exec(ctx.running(name).id, ["touch", "/ill"]).exit_code == 0
    assert up.cli("verify", "--only", "health", "--json").code == 5, "it does not work"
    up.write(release="4-fix", stable_for=0)
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert all(name in done.reason("health") for name in REPLICAS)
    assert up.answering_release() == "4-fix" and up.cli("verify").code == 0
