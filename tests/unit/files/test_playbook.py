"""Shipped playbooks load; mistakes are reported with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError, UsageError
from cosmicdeploy.files import shipped
from cosmicdeploy.playbook import load_playbook
from cosmicdeploy.steps.kinds import KINDS

CHECK_ONLY = "kind: console, run: [list], changes: false"
# The order of work in a deploy by hand: the steps that docs and users know.
GUIDE = ["health", "backup", "build", "migrate", "cache-clear", "rollout", "verify"]


@pytest.mark.parametrize("path", sorted(shipped.playbooks().glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_playbook_loads(path: Path) -> None:
    playbook = load_playbook(path)
    assert playbook.name == path.stem
    assert playbook.description and playbook.steps


def test_deploy_has_the_steps_of_a_deploy_by_hand_in_its_order() -> None:
    steps = load_playbook(shipped.playbooks() / "deploy.yaml").steps
    assert [step.kind for step in steps if step.kind in GUIDE] == GUIDE


def test_every_kind_of_step_is_used_by_a_shipped_playbook() -> None:
    used = {
        step.kind
        for path in shipped.playbooks().glob("*.yaml")
        for step in load_playbook(path).steps
    }
    # `diagnose --fix` creates these steps from its findings.
    assert used == set(KINDS) - {"end-sessions", "mark-migrated", "chown", "unlock"}


@pytest.mark.parametrize(
    ("text", "what", "line", "todo"),
    [
        ("steps:\n  - kind: bild\n", "Unknown kind of step 'bild'", 2, "build"),
        ("steps:\n  - kind: backup\n    wen: always\n", "Unknown key 'wen'", 3, "when"),
        ("steps:\n  - kind: verify\n    only: [moon]\n", "only: moon is none of", 3, "correct"),
        ("steps:\n  - kind: verify\n    only: [helth]\n", "helth is none of", 3, "'health'?"),
        ("steps:\n  - {kind: console, run: df -h}\n", "run: must be a list", 2, "[one, two]"),
        ("steps:\n  - {kind: console, run: [sleep, 5]}\n", "must be text", 2, "in quotes"),
        ("steps:\n  - {kind: feature, feature: a, switch: up}\n", "must be 'on' or 'off'", 2, ""),
        ("step:\n  - kind: build\n", "Unknown key 'step'", 1, "steps"),
        ("steps:\n  - kind: build\n  - kind: build\n", "Two steps are named 'build'", 3, "name"),
        ("steps:\n  - kind: exec\n    run: [id]\n", "'service' is missing", 2, "add service"),
        ("steps:\n  - {kind: console, run: []}\n", "run: must have 1 or more", 2, ""),
        (f"steps:\n  - {{{CHECK_ONLY}, undo_with: [x]}}\n", "A step that changes nothing", 2, ""),
        (f"steps:\n  - {{{CHECK_ONLY}, retry: {{tims: 2}}}}\n", "'retry.tims'", 2, "times"),
    ],
)
def test_a_mistake_is_reported_with_its_line(
    tmp_path: Path, text: str, what: str, line: int, todo: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_playbook(path)
    assert what in caught.value.what
    assert f"mine.yaml:{line}" in caught.value.where
    assert todo in caught.value.todo


def test_a_step_has_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("steps:\n  - kind: build\n  - kind: backup\n")
    playbook = load_playbook(path)
    assert [step.place for step in playbook.steps] == [f"{path}:2", f"{path}:3"]
    assert playbook.alone("backup").place == f"{path}:3"


def test_a_playbook_without_steps_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\n")
    with pytest.raises(ConfigError, match="needs steps"):
        load_playbook(path)


def test_an_option_needs_a_step_of_the_playbook(tmp_path: Path) -> None:
    """A user's copy of a playbook may be older than the option."""
    path = tmp_path / "deploy.yaml"
    path.write_text("steps:\n  - kind: build\n")
    with pytest.raises(
        UsageError, match="no step of the kind orphans, which --remove-orphans"
    ) as e:
        load_playbook(path).require_kind("orphans", "--remove-orphans")
    assert e.value.where == str(path) and "`- kind: orphans`" in e.value.todo
    for name in ("deploy", "up"):
        shipped_one = load_playbook(shipped.playbooks() / f"{name}.yaml")
        shipped_one.require_kind("orphans", "--remove-orphans")
