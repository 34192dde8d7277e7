"""Playbooks: an ordered list of steps in YAML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmicdeploy.errors import ConfigError, UsageError
from cosmicdeploy.files.yaml_reader import Document, read
from cosmicdeploy.journal.step_kinds import RENAMED, current_kind, other_name
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.kinds import KINDS
from cosmicdeploy.text.suggest import did_you_mean
from cosmicdeploy.validation import validated

KEYS = ("name", "description", "steps")

Warn = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Playbook:
    """The steps of a procedure, in order."""

    name: str
    description: str
    steps: tuple[Step, ...]

    def alone(self, name: str) -> Step:
        """Return the step with this name, prepared to run without the other steps.

        If the name is the former or the current name of a kind of step, the kind's other name is
        tried as well.
        Raises `UsageError` if no step has this name.
        """
        for known_name in (name, other_name(name)):
            for step in self.steps:
                if step.name == known_name:
                    return step.alone()
        names = [step.name for step in self.steps]
        raise UsageError(
            f"There is no step {name!r}",
            where=f"playbook {self.name}",
            todo=did_you_mean(name, names) or f"choose from {', '.join(names)}",
        )

    def require_kind(self, kind: str, option: str) -> None:
        """Raise `UsageError` if no step of the playbook has this kind, which an option needs."""
        if not any(step.kind == kind for step in self.steps):
            raise UsageError(
                f"The playbook {self.name} has no step of the kind {kind}, which {option} needs",
                where=self.steps[0].place.rpartition(":")[0],
                todo=f"add `- kind: {kind}` to it, or remove the file to use the shipped playbook",
            )


def load_playbook(path: Path, warn: Warn = lambda _text: None) -> Playbook:
    """Read and validate a playbook; call `warn` for each step that uses a former name of its kind.

    Raises `ConfigError` with file, line and key.
    """
    document = read(path)
    for key in document.data:
        if key not in KEYS:
            raise ConfigError(
                f"Unknown key {key!r}",
                where=document.location(key),
                todo=did_you_mean(str(key), KEYS) or f"a playbook has {', '.join(KEYS)}",
            )
    rows = document.data.get("steps")
    if not isinstance(rows, list) or not rows:
        raise ConfigError("A playbook needs steps", where=str(path), todo="list them as `steps:`")
    steps = tuple(_step(document, index, row, warn) for index, row in enumerate(rows))
    _require_distinct(document, steps)
    return Playbook(
        name=str(document.data.get("name", path.stem)),
        description=str(document.data.get("description", "")),
        steps=steps,
    )


def _step(document: Document, index: int, row: Any, warn: Warn) -> Step:
    at = ("steps", index)
    row = row if isinstance(row, dict) else {}
    kind = str(row.get("kind"))
    if kind in RENAMED:
        warn(f"{document.location(*at, 'kind')}: the kind {kind!r} is now called {RENAMED[kind]!r}")
    elif kind not in KINDS:
        raise ConfigError(
            f"Unknown kind of step {kind!r}",
            where=document.location(*at, "kind"),
            todo=did_you_mean(kind, KINDS) or f"the kinds are {', '.join(sorted(KINDS))}",
        )
    options = {key: value for key, value in row.items() if key != "kind"}
    step = validated(KINDS[current_kind(kind)], {"name": kind, **options}, document, at)
    return step.placed(document.location(*at))


def _require_distinct(document: Document, steps: tuple[Step, ...]) -> None:
    names = [step.name for step in steps]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ConfigError(
                f"Two steps are named {name!r}",
                where=document.location("steps", index),
                todo="give one of them another `name:`",
            )
