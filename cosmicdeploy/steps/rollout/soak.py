"""The step `soak`: watch the effect of a rollout for a while; a breached limit undoes the run."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CheckFailed, NotProven
from cosmicdeploy.journal.step_kinds import ROLLOUT
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.journal.unfinished.unfinished import resumed_and_current
from cosmicdeploy.probes.container_health import InitialState, Observation, observe_containers
from cosmicdeploy.probes.proof.soak_comparison import Comparison
from cosmicdeploy.probes.rate_limited import MAX_WAIT_SECONDS, TODO_LIMITED
from cosmicdeploy.steps.backups.data_proof import proving_data
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.text.formatting import counted

OBSERVE_EVERY_SECONDS = 0.5
# Used if the proxy's log does not cover the time before the rollout and the soak, for example
# because an interrupted run, now resumed, began the rollout.
CLIENTS_UNKNOWN = (
    "what other clients got is unknown: no access log covers the time before the rollout and after"
)


class SoakStep(Step):
    """Watch restarts, memory, health, failures and latencies for `watch.seconds`.

    A breach of the limits under `watch` fails the run, which is then undone. The run also fails if
    the soak proves nothing because the rate limit refused all requests or all heartbeats. Without
    an acknowledged heartbeat, the soak first takes up to 75 s longer. If `backup.prove` is `data`,
    the deploy's backup is restored into a temporary schema during the soak, and the step waits
    until the restore has ended.
    """

    kind: ClassVar[str] = "soak"
    # The soak itself is the verification.
    is_checked_again: ClassVar[bool] = False
    only_checks: ClassVar[bool] = True
    # The step runs only after a rollout, and is no reason of its own for a backup.
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
        with proving_data(ctx) as proof:
            facts = self._watch(ctx)
        return {**facts, **proof}

    def _watch(self, ctx: Context) -> Result:
        initial, observation = _initial_states(ctx), Observation()
        began, end = time.time(), time.monotonic() + ctx.settings.watch.seconds
        responses = Comparison(ctx, _rollout_began(ctx), began)
        latest = end + MAX_WAIT_SECONDS
        while not observation.breaches:
            ctx.safe_point()
            observe_containers(ctx, initial, observation)
            now = time.monotonic()
            over = now >= (latest if responses.lacks_heartbeat else end)
            if over and ctx.run.traffic:
                ctx.run.traffic.settle()
            observation.breaches += responses.breaches(over=over)
            if over:
                break
            ctx.sleep(min(OBSERVE_EVERY_SECONDS, (end if now < end else latest) - now))
        facts: dict[str, Any] = {
            "seconds": round(time.time() - began, 1),
            "containers": len(initial),
            "restarts": observation.restarts,
            "oom_killed": observation.oom_killed,
            **responses.facts(),
        }
        _require_no_breach(observation, facts)
        _require_proof(facts)
        watched = (
            f"{counted(len(initial), 'container')} and {counted(facts['requests'], 'request')}"
        )
        unknown = "" if facts["clients"] else f"; {CLIENTS_UNKNOWN}"
        ctx.say(f"{watched} were watched: all well{unknown}")
        return facts


def _require_no_breach(observation: Observation, facts: Result) -> None:
    if not observation.breaches:
        return
    raise CheckFailed(
        f"{observation.breaches[0]} within {facts['seconds']:.0f} s of the deploy",
        where="soak",
        todo="see the container's log; `watch` in cosmicdeploy.yaml has the limits",
        details=(
            *observation.breaches[1:],
            f"observed: {', '.join(f'{name} {value}' for name, value in facts.items())}",
            *observation.details,
        ),
    )


def _require_proof(facts: Result) -> None:
    """Raise `NotProven` if a rate limit refused all requests, or all heartbeats."""
    heartbeats = facts["heartbeats"]
    what = ""
    if facts["limited"] and not facts["requests"]:
        what = f"All {facts['limited']} requests of the soak were answered 429: nothing is proven"
    elif heartbeats["limited"] and not heartbeats["acknowledged"]:
        what = (
            f"No heartbeat of the soak was acknowledged: {heartbeats['limited']} were refused or"
            " held back (429)"
        )
    if what:
        raise NotProven(what, where="soak", todo=TODO_LIMITED)


def _initial_states(ctx: Context) -> dict[str, InitialState]:
    """Return the state of each service at the start of the soak.

    Restarts before the soak count as a breach only for a container that the rollout has put in
    place. Leaves out services that did not work before the run and were not replaced.
    """
    # Service → the `journal_facts` of its container before the first of these rollouts.
    before: dict[str, Any] = {}
    for intent in intents(resumed_and_current(ctx.journal, ctx.run.resumed_runs), ROLLOUT):
        before = {**intent.before.get("containers", {}), **before}
    states = {}
    names = dict.fromkeys((*ctx.settings.services.deployed, *before))
    for name in (name for name in names if name in ctx.stack.services):
        container = ctx.container(name)
        is_new = name in before and (
            before[name] is None or container is None or before[name]["id"] != container.id
        )
        if not is_new and name in ctx.run.known_failures.services:
            continue
        states[name] = InitialState() if is_new or container is None else InitialState.of(container)
    return states


def _rollout_began(ctx: Context) -> float:
    """Return the Unix time at which this run's rollout began; 0 if a resumed run began it.

    If a resumed run began it, this run has measured no request before the rollout.
    """
    text = ctx.journal.run.encode()
    for record in ctx.journal.search(lambda line: text in line):
        own = record.get("run") == ctx.journal.run and record["kind"] == "intent"
        if own and record["step_kind"] == ROLLOUT:
            return datetime.fromisoformat(record["at"]).timestamp()
    return 0.0
