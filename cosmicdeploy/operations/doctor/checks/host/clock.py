"""Check that the engine's host and this machine agree about the time, before anything runs."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.diagnosis.checks.clock import judge, measure
from cosmicdeploy.operations.doctor.combining import outcome_of
from cosmicdeploy.operations.doctor.outcome import Check, Outcome, Unchecked

WRONG = "restarts, log lines and the ages of backups are judged by both clocks"
HOST = "the engine's host"


def clock(ctx: Context) -> Outcome:
    """Compare the clock of the engine's host, which all containers share, with this machine's."""
    times = list[float]()

    def read() -> float:
        # `measure` needs a number: 0 stands for an engine that does not say what time it is.
        times.append(ctx.engine.info().time or 0.0)
        return times[-1]

    finding = judge(HOST, *measure(read))
    if not times[-1]:
        return Outcome(unchecked=(Unchecked(why="the engine does not say what time it is"),))
    return outcome_of([finding], "proof", WRONG)


CHECK = Check(name="clock", about="the engine's host and this machine agree", run=clock)
