"""Playbooks by name or file: which there are, what is in them, and one of them run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, UsageError
from cosmicdeploy.files.shipped import playbooks
from cosmicdeploy.playbook import Playbook, load_playbook
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.runs.execute import execute
from cosmicdeploy.runs.plan import Plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Step
from cosmicdeploy.text.suggest import did_you_mean

SHIPPED, OWN, CHANGED, FILE = "shipped", "stack", "stack, differs from the shipped one", "file"
# Run as the command that they are, with all that it promises.
COMMANDS = ("deploy", "up")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a playbook is; `origin` is whose."""

    name: str
    path: Path
    origin: str

    @property
    def command(self) -> str:
        """What runs it, as the journal and `status` name it."""
        if self.origin == FILE:
            return f"playbook run {self.path}"
        return self.name if self.name in COMMANDS else f"playbook run {self.name}"


def known_playbooks(folder: Path | None) -> list[Place]:
    """The shipped ones, and those of a stack's folder, which go before them; by name."""
    paths = {path.stem: path for path in playbooks().glob("*.yaml")}
    paths |= {path.stem: path for path in (folder / "playbooks").glob("*.yaml")} if folder else {}
    return [_place(paths[name]) for name in sorted(paths)]


def _place(path: Path) -> Place:
    shipped = playbooks() / path.name
    origin = OWN
    if path == shipped:
        origin = SHIPPED
    elif shipped.is_file() and shipped.read_bytes() != path.read_bytes():
        origin = CHANGED
    return Place(name=path.stem, path=path, origin=origin)


def find_playbook(folder: Path | None, word: str) -> Place:
    """A playbook by its name, or by its file where the word is a path or has `.yaml` at its end.

    Raises `UsageError` where there is none of that name.
    """
    known = {place.name: place for place in known_playbooks(folder)}
    if "/" in word or word.endswith((".yaml", ".yml")):
        path = Path(word).resolve()
        same = (place for place in known.values() if place.path.resolve() == path)
        return next(same, Place(name=path.stem, path=path, origin=FILE))
    if word not in known:
        raise UsageError(
            f"There is no playbook {word!r}",
            where=str(folder / "playbooks") if folder else "the shipped ones",
            todo=did_you_mean(word, known) or f"there are {', '.join(known)}; or name a FILE.yaml",
        )
    return known[word]


def listed(place: Place) -> Mapping[str, Any]:
    """A playbook in a row; one that cannot be used says why."""
    row = {"name": place.name, "origin": place.origin, "path": str(place.path)}
    try:
        playbook = load_playbook(place.path)
    except ConfigError as error:
        return {**row, "description": "", "steps": [], "error": str(error)}
    steps = [step.name for step in playbook.steps]
    return {**row, "description": playbook.description, "steps": steps, "error": ""}


def described(step: Step) -> Mapping[str, Any]:
    """What a step does, and its options: their values, what they would be otherwise, and what they
    mean. `undoes` says whether a later failure takes it back."""
    values, fields = step.model_dump(mode="json"), type(step).model_fields
    return {
        "name": step.name,
        "kind": step.kind,
        "does": " ".join((type(step).__doc__ or "").partition("\n\n")[0].split()),
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


def goes_back(playbook: Playbook) -> bool:
    """Whether it needs a backup to go to."""
    return any(step.goes_back for step in playbook.steps)


def require_runnable(playbook: Playbook) -> None:
    """Raise `UsageError` for a playbook that `rollback` alone can run."""
    if goes_back(playbook):
        raise UsageError(
            "This playbook goes back to a backup, which has to be named",
            where=f"playbook {playbook.name}",
            todo="run `cosmicdeploy rollback --to BACKUP`: it takes the stack's own"
            " playbooks/rollback.yaml, where that is there",
        )


def costs(plan: Plan) -> list[str]:
    """What somebody has to agree to before these steps are run."""
    found = [planned.step.cost for planned in plan if planned.changes and planned.step.cost]
    return list(dict.fromkeys(found))


def run_playbook(
    ctx: Context, place: Place, playbook: Playbook, wait: float
) -> tuple[Run, TrafficStats | None]:
    """Run one, in the way that every command runs its own."""
    return execute(ctx, place.command, playbook.steps, wait)
