"""The option `diagnose --fix`: apply remedies one by one, and check again after each remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, ExitCode
from cosmicdeploy.journal.run_kind import RunCommand
from cosmicdeploy.operations.diagnosis.consistency import consistent
from cosmicdeploy.operations.diagnosis.diagnose import diagnose
from cosmicdeploy.operations.diagnosis.finding import Diagnosis, KnownProblem, Remedy
from cosmicdeploy.operations.migrations import resolve
from cosmicdeploy.operations.recorder import recorder_of
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.process.polling import poll
from cosmicdeploy.runs.execute import execute

CHECK_EVERY_SECONDS = 1.0
# After one of these exit codes, no further remedy is tried: another run is at work, a person must
# decide, or the operator interrupted the run.
STOPS_FIX = (ExitCode.LOCKED, ExitCode.NEEDS_PERSON, ExitCode.INTERRUPTED)


@dataclass(frozen=True, kw_only=True)
class FixOptions:
    """What the caller of `Fix` provides.

    `agree` asks the operator whether a remedy may be applied. `playbook` loads a playbook by its
    name. `display` returns a context manager that shows the progress of checks and runs. `wait` is
    how many seconds to wait if another run holds the lock.
    """

    agree: Callable[[Remedy], bool]
    playbook: Callable[[str], Playbook]
    display: Callable[[], AbstractContextManager[object]]
    wait: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A remedy that was applied, or that the operator declined.

    `agreed` is False if the operator declined. `error` says why the remedy failed; None if it did
    not fail.
    """

    problem: str
    remedy: Remedy
    agreed: bool = True
    error: CosmicError | None = None

    def facts(self) -> dict[str, Any]:
        """Return the attempt as JSON for the report."""
        return {
            "trouble": self.problem,
            "remedy": self.remedy.description,
            "command": self.remedy.command,
            "applied": self.agreed and self.error is None,
            "error": str(self.error or ""),
        }


@dataclass(kw_only=True)
class Fix:
    """One call of `diagnose --fix`; `attempts` are the remedies that were offered. Not reusable."""

    ctx: Context
    options: FixOptions
    attempts: list[Attempt] = field(default_factory=list)

    def run(self, diagnoses: Sequence[Diagnosis]) -> Sequence[Diagnosis]:
        """Try the remedies of all findings that do not pass, then return new diagnoses.

        Returns the given diagnoses if the operator agreed to no remedy. Raises what `agree` raises,
        and `LockHeld`, `NeedsPerson` or `Interrupted` if the run of a remedy ends with such an
        error.
        """
        for given in sorted(diagnoses, key=lambda each: not each.problem.fix_first):
            # A remedy for another problem may have changed the findings for this problem.
            self._fix(given if not self.applied else self._diagnose(given.problem))
        if not self.applied:
            return diagnoses
        return consistent([self._diagnose(each.problem) for each in diagnoses])

    @property
    def applied(self) -> bool:
        """Whether the operator agreed to any remedy, even if the remedy then failed."""
        return any(each.agreed for each in self.attempts)

    def _fix(self, diagnosis: Diagnosis) -> None:
        """Try the remedies of one problem in turn; check again after each that was applied."""
        while remedy := next(self._untried_remedies(diagnosis), None):
            attempt = self._try(diagnosis.problem, remedy)
            self.attempts.append(attempt)
            if attempt.agreed:
                diagnosis = self._diagnose_until_passed(diagnosis.problem, remedy.effect_within)

    def _untried_remedies(self, diagnosis: Diagnosis) -> Iterator[Remedy]:
        tried = {each.remedy.description for each in self.attempts}
        for finding in diagnosis.findings:
            if not finding.passes:
                yield from (r for r in finding.remedies if r.description not in tried)

    def _try(self, problem: KnownProblem, remedy: Remedy) -> Attempt:
        if not self.options.agree(remedy):
            return Attempt(problem=problem.name, remedy=remedy, agreed=False)
        error = self._apply(remedy)
        if error is not None and error.exit_code in STOPS_FIX:
            raise error
        return Attempt(problem=problem.name, remedy=remedy, error=error)

    def _apply(self, remedy: Remedy) -> CosmicError | None:
        try:
            if remedy.resolves_schema:
                resolve(self.ctx, remedy.command, lambda _: True)  # `agree` has asked already
                return None
            steps = remedy.steps
            if remedy.playbook:
                steps = self.options.playbook(remedy.playbook).steps
            with self.options.display():
                command = RunCommand(line=remedy.command, kind=remedy.kind)
                recorder = recorder_of(remedy.kind)
                run, _ = execute(self.ctx, command, steps, self.options.wait, recorder)
        except CosmicError as error:
            return error
        return run.error

    def _diagnose(self, problem: KnownProblem) -> Diagnosis:
        return self._diagnose_until_passed(problem, 0)

    def _diagnose_until_passed(self, problem: KnownProblem, seconds: float) -> Diagnosis:
        """Repeat the checks of a problem until they pass, for at most `seconds`.

        The progress names the problem once, not at each repetition.
        """
        quiet = replace(self.ctx, emit=lambda _: None)
        with self.options.display():
            self.ctx.say(f"checking again: {problem.name}")
            return poll(
                lambda: diagnose(quiet.with_cached_facts(), problem),
                until=lambda diagnosis: diagnosis.passes,
                every=CHECK_EVERY_SECONDS,
                within=seconds,
            )
