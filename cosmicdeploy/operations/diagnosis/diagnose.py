"""List the known problems, and run the checks of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cosmicdeploy.context.context import NO_DATABASE, Context
from cosmicdeploy.errors import CosmicError, DatabaseSilent, EngineUnavailable, UsageError
from cosmicdeploy.operations.diagnosis.checks import cache, clock, command, scheduler, storage
from cosmicdeploy.operations.diagnosis.checks.database import database_load, migration
from cosmicdeploy.operations.diagnosis.checks.health import heartbeat, unhealthy
from cosmicdeploy.operations.diagnosis.consistency import consistent
from cosmicdeploy.operations.diagnosis.finding import (
    Check,
    Diagnosis,
    Finding,
    Findings,
    KnownProblem,
    Severity,
    ok,
)
from cosmicdeploy.text.suggest import did_you_mean

KNOWN_PROBLEMS: Mapping[str, KnownProblem] = {
    problem.name: problem
    for problem in (
        migration.PROBLEM,
        command.PROBLEM,
        scheduler.PROBLEM,
        database_load.PROBLEM,
        unhealthy.PROBLEM,
        heartbeat.PROBLEM,
        cache.PROBLEM,
        storage.PROBLEM,
        clock.PROBLEM,
    )
}


def select_problems(names: Sequence[str]) -> Sequence[KnownProblem]:
    """Return the problems with these names, without duplicates; all problems if there are no names.

    Raises `UsageError` for an unknown name.
    """
    for name in names:
        if name not in KNOWN_PROBLEMS:
            raise UsageError(
                f"Unknown problem {name!r}",
                where=f"diagnose: {', '.join(KNOWN_PROBLEMS)}",
                todo=did_you_mean(name, KNOWN_PROBLEMS)
                or "run `cosmicdeploy diagnose --list` to see the problems",
            )
    return [KNOWN_PROBLEMS[name] for name in dict.fromkeys(names)] or list(KNOWN_PROBLEMS.values())


def diagnose_all(ctx: Context, problems: Iterable[KnownProblem]) -> Sequence[Diagnosis]:
    """Run the checks of these problems; no two findings contradict each other.

    All checks see each container in the same state, since it is read from the engine only once.
    """
    ctx = ctx.with_cached_facts()
    return consistent([diagnose(ctx, problem) for problem in problems])


def diagnose(ctx: Context, problem: KnownProblem) -> Diagnosis:
    """Run the checks of one problem.

    An error of a check becomes a finding. Only `EngineUnavailable` is raised, because nothing can
    be checked without the engine.
    """
    if problem.needs_database and not ctx.has_database:
        return Diagnosis(problem=problem, findings=[ok("database", NO_DATABASE)])
    findings: list[Finding] = []
    for subject, check in problem.checks.items():
        ctx.safe_point()
        ctx.say(f"checking {problem.name}: {subject}")
        findings += _findings(ctx, subject, check)
    return Diagnosis(problem=problem, findings=findings)


def _findings(ctx: Context, subject: str, check: Check) -> Findings:
    """Yield a check's findings; if the check raises an error, the error is the last finding."""
    findings: Iterator[Finding] = iter(check(ctx))
    while True:
        try:
            finding = next(findings, None)
        except EngineUnavailable:
            raise
        except CosmicError as error:
            if isinstance(error, DatabaseSilent) and ctx.cached_facts:
                # The next checks get this error at once, and do not wait for the database again.
                ctx.cached_facts.silent_database = error
            yield _unknown(subject, error)
            return
        if finding is None:
            return
        yield finding


def _unknown(subject: str, error: CosmicError) -> Finding:
    where = f" ({error.where})" if error.where else ""
    return Finding(
        subject=subject,
        severity=Severity.UNKNOWN,
        description=f"{error.what}{where}",
        todo=error.todo,
        details=error.details,
    )
