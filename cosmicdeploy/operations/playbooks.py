"""The commands `playbook list`, `show` and `run`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from filecmp import cmp
from pathlib import Path
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, UsageError
from cosmicdeploy.files.shipped import playbooks
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.operations.recorder import recorder_of
from cosmicdeploy.playbook import Playbook, load_playbook
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.runs.execute import execute
from cosmicdeploy.runs.plan import Plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Step
from cosmicdeploy.text.suggest import did_you_mean

# Where a playbook comes from: shipped with the deployer, the stack's folder, or another file.
# `CHANGED`: it is in the stack's folder, and differs from the shipped playbook of the same name.
SHIPPED, OWN, CHANGED, FILE = "shipped", "stack", "stack, differs from the shipped one", "file"
# Playbooks with a command of the same name, and the kind of run that the command starts.
COMMANDS = {"deploy": RunKind.DEPLOY, "up": RunKind.UP}


@dataclass(frozen=True, kw_only=True)
class PlaybookFile:
    """A playbook's file; `origin` is `SHIPPED`, `OWN`, `CHANGED` or `FILE`."""

    name: str
    path: Path
    origin: str

    @property
    def command(self) -> RunCommand:
        """The command that runs this playbook, as the journal and the lock name it."""
        if self.origin == FILE:
            return RunCommand(line=f"playbook run {self.path}", kind=RunKind.OTHER)
        if self.name in COMMANDS:
            return RunCommand(line=self.name, kind=COMMANDS[self.name])
        return RunCommand(line=f"playbook run {self.name}", kind=RunKind.OTHER)


def known_playbooks(folder: Path | None) -> list[PlaybookFile]:
    """Return the shipped playbooks and those of the stack in `folder`, sorted by name.

    A stack's playbook overrides the shipped playbook of the same name.
    """
    paths = {path.stem: path for path in playbooks().glob("*.yaml")}
    paths |= {path.stem: path for path in (folder / "playbooks").glob("*.yaml")} if folder else {}
    return [_file(paths[name]) for name in sorted(paths)]


def _file(path: Path) -> PlaybookFile:
    shipped = playbooks() / path.name
    origin = OWN
    if path == shipped:
        origin = SHIPPED
    elif shipped.is_file() and not cmp(shipped, path, shallow=False):
        origin = CHANGED
    return PlaybookFile(name=path.stem, path=path, origin=origin)


def find_playbook(folder: Path | None, word: str) -> PlaybookFile:
    """Return the playbook with this name or path.

    A word that contains "/", or ends in ".yaml" or ".yml", is a path. Does not check whether a file
    exists at the path. Raises `UsageError` for an unknown name.
    """
    known = {file.name: file for file in known_playbooks(folder)}
    if "/" in word or word.endswith((".yaml", ".yml")):
        path = Path(word).resolve()
        matching = (file for file in known.values() if file.path.resolve() == path)
        return next(matching, PlaybookFile(name=path.stem, path=path, origin=FILE))
    if word not in known:
        raise UsageError(
            f"There is no playbook {word!r}",
            where=str(folder / "playbooks") if folder else "the shipped playbooks",
            todo=did_you_mean(word, known)
            or f"name one of {', '.join(known)}, or a file: `cosmicdeploy playbook run FILE.yaml`",
        )
    return known[word]


def list_row(file: PlaybookFile) -> Mapping[str, Any]:
    """Return a playbook's row for `playbook list`; `error` says why its file cannot be used."""
    row = {"name": file.name, "origin": file.origin, "path": str(file.path)}
    try:
        playbook = load_playbook(file.path)
    except ConfigError as error:
        return {**row, "description": "", "steps": [], "error": str(error)}
    steps = [step.name for step in playbook.steps]
    return {**row, "description": playbook.description, "steps": steps, "error": ""}


def describe_step(step: Step) -> Mapping[str, Any]:
    """Return what a step does, and its options with their values and meanings.

    `undoes` is whether the step is undone when a later step fails; `given` is whether the playbook
    sets the option.
    """
    values, fields = step.model_dump(mode="json"), type(step).model_fields
    first_paragraph = (type(step).__doc__ or "").partition("\n\n")[0]
    return {
        "name": step.name,
        "kind": step.kind,
        "does": " ".join(first_paragraph.split()),
        "undoes": step.reversible,
        "options": [
            {
                "name": name,
                "value": values[name],
                "given": name in step.model_fields_set,
                "meaning": field.description or "",
            }
            for name, field in fields.items()
            if name != "name"
        ],
    }


def needs_target_backup(playbook: Playbook) -> bool:
    """Whether a playbook needs a backup to roll back to."""
    return any(step.needs_target_backup for step in playbook.steps)


def require_runnable(playbook: Playbook) -> None:
    """Raise `UsageError` if only the command `rollback` can run a playbook."""
    if needs_target_backup(playbook):
        raise UsageError(
            "This playbook goes back to a backup, so only `rollback` can run it",
            where=f"playbook {playbook.name}",
            todo="run `cosmicdeploy rollback --to BACKUP`, which uses the stack's"
            " playbooks/rollback.yaml if it exists",
        )


def costs(plan: Plan) -> list[str]:
    """Return what clients will notice of a plan, each text once; the operator must agree to it."""
    texts = [planned.step.cost for planned in plan if planned.changes and planned.step.cost]
    return list(dict.fromkeys(texts))


def run_playbook(
    ctx: Context, file: PlaybookFile, playbook: Playbook, wait: float
) -> tuple[Run, TrafficStats | None]:
    """Run a playbook; return the run and its request stats, which are None if it sent no requests.

    Waits up to `wait` seconds if another run holds the lock.
    """
    return execute(ctx, file.command, playbook.steps, wait, recorder_of(file.command.kind))
