"""Apply remedies, one after the other, and see by the same checks what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, ExitCode
from cosmicdeploy.operations.diagnosis.finding import Remedy, Trouble
from cosmicdeploy.operations.diagnosis.looking import Diagnosed, diagnosed
from cosmicdeploy.operations.migrations import resolve
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.polling import poll
from cosmicdeploy.runs.execute import execute

LOOK_EVERY = 1.0
# After these nothing more may be tried: somebody else is at work, or somebody has to look first.
ENDING = (ExitCode.LOCKED, ExitCode.NEEDS_PERSON, ExitCode.INTERRUPTED)


@dataclass(frozen=True, kw_only=True)
class Hands:
    """What mending asks for: whether a remedy may be applied, a playbook by its name, and how
    looking and running are shown. `wait` is for another run's lock, in seconds."""

    agree: Callable[[Remedy], bool]
    playbook: Callable[[str], Playbook]
    shown: Callable[[], AbstractContextManager[object]]
    wait: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A remedy that was applied, or that nobody agreed to; `error` says why it failed."""

    trouble: str
    remedy: Remedy
    agreed: bool = True
    error: CosmicError | None = None

    def facts(self) -> dict[str, Any]:
        """For reports."""
        return {
            "trouble": self.trouble,
            "remedy": self.remedy.says,
            "command": self.remedy.command,
            "applied": self.agreed and self.error is None,
            "error": str(self.error or ""),
        }


@dataclass(kw_only=True)
class Mending:
    """One `diagnose --fix`. Not reusable."""

    ctx: Context
    hands: Hands
    tried: list[Tried] = field(default_factory=list)

    def mend(self, found: Sequence[Diagnosed]) -> Sequence[Diagnosed]:
        """Try what helps against what was found; what all checks find afterwards.

        Raises `UsageError` where nobody can agree, `LockHeld`, `NeedsPerson`, `Interrupted`.
        """
        for before in sorted(found, key=lambda each: not each.trouble.beneath):
            # What helped against the trouble before may have mended this one, or changed it.
            self._mend(before if not self.applied else self._look(before.trouble))
        if not self.applied:
            return found
        return [self._look(each.trouble) for each in found]

    @property
    def applied(self) -> bool:
        """Whether anything was done; it may have failed."""
        return any(each.agreed for each in self.tried)

    def _mend(self, found: Diagnosed) -> None:
        while remedy := next(self._untried(found), None):
            tried = self._try(found.trouble, remedy)
            self.tried.append(tried)
            if tried.agreed:
                found = self._look_until_well(found.trouble, remedy.shows_within)

    def _untried(self, found: Diagnosed) -> Iterator[Remedy]:
        known = {each.remedy.says for each in self.tried}
        for finding in found.findings:
            if not finding.well:
                yield from (r for r in finding.remedies if r.says not in known)

    def _try(self, trouble: Trouble, remedy: Remedy) -> Tried:
        if not self.hands.agree(remedy):
            return Tried(trouble=trouble.name, remedy=remedy, agreed=False)
        error = self._apply(remedy)
        if error is not None and error.exit_code in ENDING:
            raise error
        return Tried(trouble=trouble.name, remedy=remedy, error=error)

    def _apply(self, remedy: Remedy) -> CosmicError | None:
        try:
            if remedy.resolves:
                resolve(self.ctx, remedy.command, lambda _: True)
                return None
            steps = remedy.steps
            if remedy.playbook:
                steps = self.hands.playbook(remedy.playbook).steps
            with self.hands.shown():
                run, _ = execute(self.ctx, remedy.command, steps, self.hands.wait)
        except CosmicError as error:
            return error
        return run.error

    def _look(self, trouble: Trouble) -> Diagnosed:
        return self._look_until_well(trouble, 0)

    def _look_until_well(self, trouble: Trouble, seconds: float) -> Diagnosed:
        """Told once, however often it takes."""
        quiet = replace(self.ctx, emit=lambda _: None)
        with self.hands.shown():
            self.ctx.say(f"looking again: {trouble.name}")
            return poll(
                lambda: diagnosed(quiet, trouble),
                until=lambda diagnosis: diagnosis.well,
                every=LOOK_EVERY,
                within=seconds,
            )
