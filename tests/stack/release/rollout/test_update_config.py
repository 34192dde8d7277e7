"""A rollout follows `deploy.update_config` of the compose file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml

from tests.stack.stacks.behind_nginx.replicated import Replicated
from tests.stack.stacks.one_app import stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE

pytestmark = pytest.mark.stack

UPDATE = {"order": "start-first", "parallelism": 2, "delay": "2s", "monitor": "4s"}
# A release whose name ends in "dies" ends 3 s after it has started.
DIES = """
import threading

if RELEASE.endswith("dies"):
    threading.Timer(3, os._exit, (3,)).start()
"""


@dataclass(frozen=True)
class Paced(Replicated):
    """Three replicas with an `update_config`."""

    def write(self, release: str = "1") -> None:
        super().write(release)
        server = self.folder / "server.py"
        imports, own, rest = server.read_text().partition('RELEASE = os.environ["RELEASE"]\n')
        server.write_text(imports + own + DIES + rest)
        file = self.folder / COMPOSE_FILE
        declared = yaml.safe_load(file.read_text())
        declared["services"]["app"]["deploy"]["update_config"] = {
            **UPDATE,
            "failure_action": "pause",
        }
        file.write_text(yaml.safe_dump(declared))


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paced]:
    """Release 1, running."""
    with stack_of_kind(tmp_path_factory.mktemp("paced"), Paced) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_two_at_a_time_start_first_with_the_delay_between_them(up: Paced) -> None:
    before = up.ids()
    up.write(release="2")
    planned = up.cli("deploy", "--plan", "--json")
    pace = "app: start-first, 2 at a time, 2 s apart, each watched for 4 s (update_config, restart)"
    assert pace in planned.reason("rollout")
    [notice] = [n for n in planned.report["notices"] if n["kind"] == "without effect"]
    assert "failure_action" in notice["what"] and notice["service"] == "app"
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert (done.report["requests"]["broken"], up.answering_release()) == ("", "2")
    after = up.ids()
    assert {name for name in after if after[name] != before[name]} == {"app.1", "app.2", "app.3"}
    [step] = [step for step in done.report["steps"] if step["name"] == "rollout"]
    assert step["seconds"] > 2 + 4, "the delay, and the time of the last ones"
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"
    up.compose("up", "-d")
    assert up.ids() == after


def test_a_container_that_fails_while_it_is_watched_undoes_the_release(up: Paced) -> None:
    before, release = up.ids(), up.answering_release()
    up.write(release="3-dies")
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    assert "after it was replaced" in failed.report["error"]["what"], failed.report["error"]
    assert (up.ids(), up.answering_release()) == (before, release)
