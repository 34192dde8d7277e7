"""Check that no container ignores its stop signal: it would be killed with work in flight."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from concurrent.futures import wait
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable
from cosmicdeploy.operations.doctor.checks.requests.stop_trial import StopTrial, try_stop
from cosmicdeploy.operations.doctor.combining import merged
from cosmicdeploy.operations.doctor.outcome import (
    Check,
    Flaw,
    Outcome,
    Stake,
    Unchecked,
    unchecked_of,
)
from cosmicdeploy.probes.preconditions.weak_health_checks import SHELL
from cosmicdeploy.process.concurrency import start_in_thread
from cosmicdeploy.proxy import LoadBalancer, load_balancer
from cosmicdeploy.proxy.stop_signals import ignores_stop_signal

SECONDS = 90.0
# Each trial starts a program; on a small host more at once would slow down what serves.
AT_ONCE = 2
REQUESTS = "those in flight are lost when {} is killed"
JOB = "the one that {} runs when it is killed"
DRAINED = "a deploy drains {} first, and waits for its grace period"
# What separates several commands in a line that a shell runs.
SEVERAL = re.compile(r"&&|\|\||;|\n")
PROGRAM = re.compile(r"[\w./-]+")
NO_IMAGE = "the engine does not have the image"


def stop_signals(ctx: Context) -> Outcome:
    """Try the stop signal of each program that a deploy stops, on a container of its own.

    Waits until every trial has ended, so that each has removed its container.
    """
    slots = threading.BoundedSemaphore(AT_ONCE)

    def in_a_slot(names: Sequence[str]) -> Outcome:
        with slots:
            return _tried(ctx, names)

    futures = [start_in_thread(partial(in_a_slot, names)) for names in _programs(ctx)]
    wait(futures)
    return merged(*(future.result() for future in futures))


def _programs(ctx: Context) -> list[Sequence[str]]:
    """Return the services that a deploy replaces, those with the same program together."""
    programs: dict[object, list[str]] = {}
    for name in ctx.settings.services.deployed:
        service = ctx.service(name)
        key = (service.image, service.command, service.entrypoint, service.user)
        programs.setdefault((*key, service.stop_signal, service.init), []).append(name)
    return list(programs.values())


def _tried(ctx: Context, names: Sequence[str]) -> Outcome:
    """Return how services with the same program react to their stop signal.

    If the trial fails, a running container decides, if there is one.
    """
    running_ignores = _ignored_by_running(ctx, names)
    try:
        return _by_trial(ctx, names, running_ignores)
    except EngineUnavailable:
        raise
    except CosmicError as error:
        if running_ignores is False:
            return Outcome(found=_handled(names, "in its running container"))
        if running_ignores:
            why = f"{names[0]} ignores its stop signal in its running container"
            return _outcome(ctx, names, why, ())
        return Outcome(unchecked=(unchecked_of(error, ", ".join(names)),))


def _by_trial(ctx: Context, names: Sequence[str], running_ignores: bool | None) -> Outcome:
    """Try the signal on a container of its own.

    `running_ignores`: whether a running container ignores the signal; None if unknown.
    """
    image = ctx.image_of(names[0])
    if image is None:
        return _unchecked(names, NO_IMAGE, "run `cosmicdeploy up`, which gets it")
    trial = try_stop(ctx, names[0], image.id)
    if trial.was_killed and trial.handles:
        return _slow(ctx, names, trial)
    if not (trial.was_killed or trial.died):
        return Outcome(found=_handled(names, "on a container of its own"))
    if running_ignores is False:
        # In the trial, which has no networks, the entrypoint may have waited for another service.
        return Outcome(found=_handled(names, "in its running container"))
    if running_ignores is None and _may_wait(trial):
        why = f"its first process is still {trial.program}, which may wait for another service"
        return _unchecked(names, why, "run `cosmicdeploy up`: a running container shows it")
    return _outcome(ctx, names, _why(names[0], trial), trial.words)


def _slow(ctx: Context, names: Sequence[str], trial: StopTrial) -> Outcome:
    """Return the outcome for a program that handles its signal, and was killed all the same."""
    grace = ctx.service(names[0]).stop_grace_period
    if grace <= trial.seconds:  # a deploy would not wait longer either
        return _outcome(ctx, names, _why(names[0], trial), trial.words)
    why = f"it handles {trial.signal}, but had not ended by it after {trial.seconds:.0f} s"
    return _unchecked(names, f"{why} of its grace period of {grace:.0f} s", "")


def _unchecked(names: Sequence[str], why: str, todo: str) -> Outcome:
    return Outcome(unchecked=(Unchecked(why=f"{', '.join(names)}: {why}", todo=todo),))


def _may_wait(trial: StopTrial) -> bool:
    """Return whether the first process is a shell that may give its place to a program later."""
    is_single = trial.words[1:2] == ("-c",) and not SEVERAL.search(trial.words[-1])
    return bool(SHELL.search(trial.program)) and not is_single


def _why(name: str, trial: StopTrial) -> str:
    tried = "(tried on a container of its own)"
    if trial.died:
        passed = f"passes {trial.signal} to a program that does not handle it, and ends at once"
        return f"{trial.program} of {name} {passed} {tried}"
    how = "does not end by" if trial.handles else "ignores"
    killed = f"and was killed after {trial.seconds:.0f} s"
    return f"{trial.program} of {name} {how} {trial.signal}, {killed} {tried}"


def _outcome(ctx: Context, names: Sequence[str], why: str, words: Sequence[str]) -> Outcome:
    """Return the outcome for a program that its stop signal kills, or does not end at all.

    What a deploy does before it stops the service decides what is lost. Nothing is lost if the
    service is stopped between two jobs (`restart.between_jobs`).
    """
    settings, name = ctx.settings, names[0]
    between = [
        role for role in settings.restart.between_jobs if name in settings.services.of([role])
    ]
    if between:
        found = f"{', '.join(names)}: signal not handled, but stopped between two jobs"
        return Outcome(found=found)
    stake: Stake = "requests"
    loses, todo = REQUESTS.format(name), _todo(words)
    if settings.application_of(name) is None:
        stake, loses = "jobs", JOB.format(name)
    elif _is_drained(ctx, name):
        stake, loses = "time", DRAINED.format(name)
    else:
        todo += _or_drain(load_balancer(ctx))
    return Outcome(flaws=(Flaw(stake=stake, loses=loses, why=why, todo=todo),))


def _is_drained(ctx: Context, name: str) -> bool:
    """Return whether the load balancer stops sending requests to a replica before a stop."""
    try:
        return load_balancer(ctx).drains(name)
    except EngineUnavailable:
        raise
    except CosmicError:
        return False


def _or_drain(balancer: LoadBalancer) -> str:
    """Return the other way: to have the replica drained, and the page that says how."""
    return f"; or have it drained first, by {balancer.drains_by} ({balancer.page})"


def _todo(words: Sequence[str]) -> str:
    """Return what to do; arguments of the command are not repeated, since they may be secret."""
    if program := _last_program(words):
        return (
            "let the shell give its place to the program: in the command, write"
            f" `exec {program} …` in place of `{program} …`"
        )
    return (
        "let the first process handle the signal: `exec` in its script, a handler in the program,"
        " or the signal that it handles as `stop_signal`"
    )


def _last_program(words: Sequence[str]) -> str:
    """Return the last program of a line that a shell runs; "" if `exec` before it would not help.

    It would not if other commands follow, or if the program is one of a pipe.
    """
    if len(words) != 3 or words[1] != "-c" or not SHELL.search(words[0]):
        return ""
    last = re.split(r"&&|\n", words[2].strip())[-1].split()
    program = next(iter(last), "")
    helps = ";" not in words[2] and not {"|", "||", "&"} & {*last} and program != "exec"
    return program if helps and PROGRAM.fullmatch(program) else ""


def _ignored_by_running(ctx: Context, names: Sequence[str]) -> bool | None:
    """Return whether a running container ignores its stop signal; None if none shows it."""
    for name in names:
        container = ctx.container(name)
        if container is not None and container.is_running:
            try:
                return ignores_stop_signal(ctx, ctx.service(name), container)
            except EngineUnavailable:
                raise
            except CosmicError:
                continue
    return None


def _handled(names: Sequence[str], where: str) -> str:
    return f"{', '.join(names)}: handled {where}"


CHECK = Check(
    name="stop signals",
    about="no container ignores its stop signal",
    run=stop_signals,
    seconds=SECONDS,
    cleans_up=True,
)
