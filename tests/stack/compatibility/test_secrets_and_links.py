"""An application with secrets, configs, links and a worker in its network namespace is deployed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.stacks.one_app import OneApp, stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE, IMAGES

pytestmark = pytest.mark.stack

WORDS = ("the token", "the word", "the text")
HOOK = {"command": ["sh", "-c", 'echo "$$WHO" >>/hooks/log'], "environment": {"WHO": "started"}}


class KeyedApp(OneApp):
    """The application `app`, linked to `store`; `side` is a worker in the network of `app`."""

    def write(self, release: str = "1", **app_keys: Any) -> None:
        super().write(release)
        python = read_env_file(IMAGES)["PYTHON_IMAGE"]
        compose = yaml.safe_load((self.folder / COMPOSE_FILE).read_text())
        compose["services"]["app"] |= {
            "secrets": ["token", {"source": "word", "mode": 0o440, "uid": "33"}],
            "configs": [{"source": "text", "target": "/srv/text"}],
            "links": ["store:kept"],
            "volumes": ["./hooks:/hooks:z"],
            "tmpfs": ["/scratch:size=1m"],
            "deploy": {
                "restart_policy": {"condition": "any", "delay": "2s"},
                "resources": {"reservations": {"memory": "8M"}},
            },
            **app_keys,
        }
        sleeping = {"image": python, "command": ["sleep", "infinity"], "stop_grace_period": "0s"}
        compose["services"] |= {
            "store": sleeping,
            "side": {**sleeping, "network_mode": "service:app"},
        }
        compose |= {
            "secrets": {"token": {"file": "./token.txt"}, "word": {"environment": "WORD"}},
            "configs": {"text": {"content": "the text"}},
        }
        (self.folder / COMPOSE_FILE).write_text(yaml.safe_dump(compose))
        (self.folder / "token.txt").write_text("the token")
        settings = (self.folder / "cosmicdeploy.yaml").read_text()
        roles = "{app: [app], worker: [side]}"
        (self.folder / "cosmicdeploy.yaml").write_text(settings.replace("{app: [app]}", roles))
        with (self.folder / ".env").open("a") as env_file:
            env_file.write("WORD=the word\n")

    def read_in_app(self, *paths: str) -> list[str]:
        words = ["docker", "exec", self.app_id(), "cat", *paths]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\n")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyedApp]:
    with stack_of_kind(tmp_path_factory.mktemp("keyed"), KeyedApp) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_the_container_gets_what_the_file_declares(up: KeyedApp) -> None:
    content = "".join(up.read_in_app("/run/secrets/token", "/run/secrets/word", "/srv/text"))
    assert content == "".join(WORDS)
    facts = ["stat", "-c", "%a %u", "/run/secrets/word"]
    words = ["docker", "exec", up.app_id(), *facts]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert shown == "440 33\n"
    host = subprocess.run(
        ["docker", "exec", up.app_id(), "getent", "hosts", "kept"], capture_output=True, check=False
    )
    assert host.returncode == 0, "the link's alias is a name"
    assert up.answering_release() == "1"


def test_compose_and_a_second_run_change_nothing(up: KeyedApp) -> None:
    before = up.ids()
    again = up.cli("up", "--json")
    assert again.report["outcome"] == "unchanged", again.stdout
    up.compose("up", "-d")
    assert up.ids() == before


def test_a_changed_secret_is_planned_by_its_key_and_a_deploy_hides_its_content(
    up: KeyedApp,
) -> None:
    up.write(release="2")
    before = up.ids()
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout + done.stderr
    assert up.answering_release() == "2"
    after = up.ids()
    assert after["store"] == before["store"]
    assert after["side"] != before["side"], "it shares the network of the replaced container"
    up.compose("up", "-d")
    assert up.ids() == after

    (up.folder / "token.txt").write_text("another token")
    os.utime(up.folder / "token.txt", (2**31, 2**31))
    plan = up.cli("deploy", "--plan", "--json")
    step = next(each for each in plan.report["steps"] if each["name"] == "rollout")
    assert [each["key"] for each in step["facts"]["differences"]["app"]] == ["secrets.token"]
    journal = "".join(path.read_text() for path in up.folder.rglob("*.jsonl"))
    inspected = subprocess.run(
        ["docker", "inspect", *up.ids().values()], capture_output=True, text=True, check=True
    ).stdout
    everything = done.stdout + done.stderr + plan.stdout + journal + inspected
    assert not any(word in everything for word in (*WORDS[:2], "another token"))
    up.write(release="2")
    os.utime(up.folder / "token.txt", (0, 0))


@pytest.mark.torture
def test_hooks_run_around_start_and_stop(up: KeyedApp) -> None:
    stopping = {**HOOK, "environment": {"WHO": "stopping"}, "working_dir": "/hooks"}
    log = up.folder / "hooks" / "log"
    up.write(release="2", post_start=[HOOK], pre_stop=[stopping], environment={"A": "b"})
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert log.read_text().split() == ["stopping", "started"]
    failing = {"command": ["sh", "-c", "echo no such word; exit 3"]}
    up.write(release="2", post_start=[failing], environment={"A": "c"})
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    error = json.dumps(failed.report["error"])
    assert "post_start command of app failed with exit code 3" in error and "no such word" in error
    assert up.answering_release() == "2"


def test_a_key_that_the_engine_is_too_old_for_is_refused_before_anything_changes(
    up: KeyedApp,
) -> None:
    before = up.ids()
    up.write(release="3", healthcheck={"test": "true", "start_interval": "500ms"})
    refused = up.cli("deploy", "--json")
    assert refused.code != 0 and up.ids() == before
    assert "healthcheck.start_interval needs Docker Engine 25" in refused.report["error"]["what"]
