"""`diagnose --fix`: apply remedies one after the other, and check the result of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, ExitCode
from cosmicdeploy.journal.run_kind import RunCommand
from cosmicdeploy.operations.diagnosis.diagnose import Diagnosis, diagnose
from cosmicdeploy.operations.diagnosis.finding import Remedy, Trouble
from cosmicdeploy.operations.migrations import resolve
from cosmicdeploy.operations.recorder import recorder_of
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.polling import poll
from cosmicdeploy.runs.execute import execute

LOOK_EVERY_SECONDS = 1.0
# After these exit codes no remedy may be tried: another run is at work, or a person must decide.
ENDING = (ExitCode.LOCKED, ExitCode.NEEDS_PERSON, ExitCode.INTERRUPTED)


@dataclass(frozen=True, kw_only=True)
class FixOptions:
    """What the caller provides: `agree` asks the operator whether a remedy may be applied,
    `playbook` loads one by its name, `shown` shows checks and runs while they take place, and
    `wait` is how many seconds to wait for another run's lock."""

    agree: Callable[[Remedy], bool]
    playbook: Callable[[str], Playbook]
    shown: Callable[[], AbstractContextManager[object]]
    wait: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A remedy that was applied, or that the operator declined; `error` says why it failed."""

    trouble: str
    remedy: Remedy
    agreed: bool = True
    error: CosmicError | None = None

    def facts(self) -> dict[str, Any]:
        """Return the attempt as JSON for the report."""
        return {
            "trouble": self.trouble,
            "remedy": self.remedy.says,
            "command": self.remedy.command,
            "applied": self.agreed and self.error is None,
            "error": str(self.error or ""),
        }


@dataclass(kw_only=True)
class Fix:
    """One `diagnose --fix`. Not reusable."""

    ctx: Context
    options: FixOptions
    attempts: list[Attempt] = field(default_factory=list)

    def run(self, diagnoses: Sequence[Diagnosis]) -> Sequence[Diagnosis]:
        """Try the remedies of all findings; return the diagnoses made afterwards.

        Raises `UsageError` if there is no terminal to ask at, `LockHeld`, `NeedsPerson`,
        `Interrupted`.
        """
        for before in sorted(diagnoses, key=lambda each: not each.trouble.beneath):
            # A remedy for the previous trouble may have fixed this one as well, or changed it.
            self._fix(before if not self.applied else self._diagnose(before.trouble))
        if not self.applied:
            return diagnoses
        return [self._diagnose(each.trouble) for each in diagnoses]

    @property
    def applied(self) -> bool:
        """Whether any remedy was applied, successfully or not."""
        return any(each.agreed for each in self.attempts)

    def _fix(self, diagnosis: Diagnosis) -> None:
        while remedy := next(self._untried(diagnosis), None):
            attempt = self._try(diagnosis.trouble, remedy)
            self.attempts.append(attempt)
            if attempt.agreed:
                diagnosis = self._diagnose_until_well(diagnosis.trouble, remedy.shows_within)

    def _untried(self, diagnosis: Diagnosis) -> Iterator[Remedy]:
        known = {each.remedy.says for each in self.attempts}
        for finding in diagnosis.findings:
            if not finding.well:
                yield from (r for r in finding.remedies if r.says not in known)

    def _try(self, trouble: Trouble, remedy: Remedy) -> Attempt:
        if not self.options.agree(remedy):
            return Attempt(trouble=trouble.name, remedy=remedy, agreed=False)
        error = self._apply(remedy)
        if error is not None and error.exit_code in ENDING:
            raise error
        return Attempt(trouble=trouble.name, remedy=remedy, error=error)

    def _apply(self, remedy: Remedy) -> CosmicError | None:
        try:
            if remedy.resolves:
                resolve(self.ctx, remedy.command, lambda _: True)
                return None
            steps = remedy.steps
            if remedy.playbook:
                steps = self.options.playbook(remedy.playbook).steps
            with self.options.shown():
                command = RunCommand(line=remedy.command, kind=remedy.kind)
                recorder = recorder_of(remedy.kind)
                run, _ = execute(self.ctx, command, steps, self.options.wait, recorder)
        except CosmicError as error:
            return error
        return run.error

    def _diagnose(self, trouble: Trouble) -> Diagnosis:
        return self._diagnose_until_well(trouble, 0)

    def _diagnose_until_well(self, trouble: Trouble, seconds: float) -> Diagnosis:
        """Diagnose a trouble every second until it is well, for so many seconds.

        It is announced once, however often the checks run.
        """
        quiet = replace(self.ctx, emit=lambda _: None)
        with self.options.shown():
            self.ctx.say(f"looking again: {trouble.name}")
            return poll(
                lambda: diagnose(quiet, trouble),
                until=lambda diagnosis: diagnosis.well,
                every=LOOK_EVERY_SECONDS,
                within=seconds,
            )
