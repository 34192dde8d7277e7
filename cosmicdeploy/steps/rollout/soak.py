"""The step `soak`: after a rollout, watch its effect for a while; a breach undoes the release."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CheckFailed, NotProven
from cosmicdeploy.journal.interrupted_run import intents
from cosmicdeploy.journal.step_kinds import ROLLOUT
from cosmicdeploy.journal.unfinished import resumed_and_current
from cosmicdeploy.probes.container_health import InitialState, Observation, observe_containers
from cosmicdeploy.probes.proof.soak_comparison import Comparison
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.text.formatting import counted

LOOK_EVERY = 0.5


class SoakStep(Step):
    """Watch restarts, memory, health, failures and latencies for as long as `watch.seconds` says.

    A breach raises `CheckFailed`.
    """

    kind: ClassVar[str] = "soak"
    # The soak itself is the verification.
    is_checked_again: ClassVar[bool] = False
    only_checks: ClassVar[bool] = True
    # It belongs to a replacement of containers, and alone is no reason for a backup.
    protective: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        seconds = ctx.settings.watch.seconds
        if not seconds:
            return Unchanged(reason="switched off: watch.seconds is 0")
        runs = resumed_and_current(ctx.journal, ctx.run.resumed_runs)
        if ctx.run.steps_ahead.replace_containers or intents(runs, ROLLOUT):
            return Change(summary=f"watch the containers and the requests for {seconds:g} s")
        return Unchanged(reason="no container was replaced")

    def apply(self, ctx: Context, change: Change) -> Result:
        wanted, known, seen = ctx.settings.watch, _known(ctx), Observation()
        began, end = time.time(), time.monotonic() + wanted.seconds
        answers = Comparison(ctx, _rollout_began(ctx), began)
        while not seen.breaches:
            ctx.safe_point()
            observe_containers(ctx, known, seen)
            over = time.monotonic() >= end
            if over and ctx.run.traffic:
                ctx.run.traffic.settle()
            seen.breaches += answers.breaches(over=over)
            if over:
                break
            ctx.sleep(min(LOOK_EVERY, end - time.monotonic()))
        facts: dict[str, Any] = {
            "seconds": round(time.time() - began, 1),
            "containers": len(known),
            "restarts": seen.restarts,
            "oom_killed": seen.oom_killed,
            **answers.facts(),
        }
        _require_well(seen, facts)
        _require_proof(facts)
        told = f"{counted(len(known), 'container')} and {counted(facts['requests'], 'request')}"
        ctx.say(f"{told} were watched: all well")
        return facts


def _require_well(seen: Observation, facts: Result) -> None:
    if not seen.breaches:
        return
    raise CheckFailed(
        f"{seen.breaches[0]} within {facts['seconds']:.0f} s of the deploy",
        where="soak",
        todo="see the container's log; `watch` in cosmicdeploy.yaml has the limits",
        details=(
            *seen.breaches[1:],
            f"seen: {', '.join(f'{name} {value}' for name, value in facts.items())}",
            *seen.details,
        ),
    )


def _require_proof(facts: Result) -> None:
    if facts["limited"] and not facts["requests"]:
        raise NotProven(
            f"All {facts['limited']} requests of the soak were answered 429: nothing is proven",
            where="soak",
            todo="lower `probe.rate` to what the application lets one client ask",
        )


def _known(ctx: Context) -> dict[str, InitialState]:
    """Return the initial state of each container, from which only what the deploy does counts.

    A service that did not work before, and was not replaced, is left out.
    """
    before: dict[str, Any] = {}
    for intent in intents(resumed_and_current(ctx.journal, ctx.run.resumed_runs), ROLLOUT):
        before = {**intent.before.get("containers", {}), **before}
    known = {}
    for name in ctx.settings.services.released:
        found = ctx.container(name)
        made = name in before and (
            before[name] is None or found is None or before[name]["id"] != found.id
        )
        if not made and name in ctx.run.known_failures.services:
            continue
        known[name] = InitialState() if made or found is None else InitialState.of(found)
    return known


def _rollout_began(ctx: Context) -> float:
    """Return the rollout's Unix time; 0 if an interrupted run began it: then nothing is known of
    the time before."""
    for record in ctx.journal.records():
        own = record.get("run") == ctx.journal.run and record["kind"] == "intent"
        if own and record["step_kind"] == ROLLOUT:
            return datetime.fromisoformat(record["at"]).timestamp()
    return 0.0
