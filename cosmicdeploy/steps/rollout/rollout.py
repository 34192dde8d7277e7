"""Containers come to run the image and the definition they should, one after the other.

A restart as Compose does it keeps the container, and with it the old image; here each container
that differs is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.step_kinds import ROLLOUT
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.settings import Role
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.rollout.drift import MISSING, STOPPED, Seen, as_json, see
from cosmicdeploy.steps.rollout.proxy_waits import describe_waits
from cosmicdeploy.steps.rollout.replace import facts_of, let_go
from cosmicdeploy.steps.rollout.roll import Roll
from cosmicdeploy.steps.rollout.serving import Serving
from cosmicdeploy.steps.rollout.start_first import require_room_beside, still_beside, stop_displaced
from cosmicdeploy.steps.rollout.timings import Phases
from cosmicdeploy.steps.rollout.undo import WayBack

ANEW = "to be as its image is"
DISPLACED = "its predecessor runs"


class RolloutStep(Step):
    """Roll the services of some roles; each is healthy before the next is touched."""

    kind: ClassVar[str] = ROLLOUT

    missing_only: bool = Field(
        default=False, description="Start what does not run, and leave what runs as it is."
    )
    at_once: bool = Field(
        default=False,
        description="All at the same time: for when clients are turned away anyway.",
    )
    roles: tuple[Role, ...] = Field(
        default=("app", "scheduler", "worker"), description="Whose containers."
    )
    anew: tuple[str, ...] = Field(
        default=(),
        description="These services alone, and each made anew whatever it is like: somebody"
        " changed their files.",
    )

    def check(self, ctx: Context) -> Change | Unchanged:
        names = self.anew or ctx.settings.services.of(self.roles)
        found = self._found(ctx, names)
        reasons, count = _reasons(found), len(names)
        if not reasons and self.missing_only:
            return Unchanged(reason=f"all {count} containers run, whichever their image")
        if not reasons:
            images = sorted({i.id[:19] if i else "no image" for i in ctx.images_of(names).values()})
            return Unchanged(reason=f"{', '.join(images)} already runs in all {count} containers")
        self._require_orders(ctx)
        before = {name: facts_of(found[name].container) for name in reasons}
        keys = {name: as_json(found[name].keys) for name in reasons if found[name].keys}
        facts = {"reasons": reasons} | ({"differences": keys} if keys else {})
        summary = "; ".join(filter(None, (_grouped(reasons), self._waits(ctx, reasons))))
        return Change(summary=summary, before={"containers": before}, facts=facts)

    def _waits(self, ctx: Context, reasons: Mapping[str, str]) -> str:
        """For how long the proxy makes the roll wait: nothing to tell where no replica stops."""
        stops = not self.at_once and ctx.settings.restart.order.app == "stop-first"
        replaced = {name for name, why in reasons.items() if why != MISSING}
        away = [name for name in ctx.settings.services.app if name in replaced]
        return describe_waits(ctx, away) if stops and away else ""

    def _found(self, ctx: Context, names: Iterable[str]) -> dict[str, Seen]:
        """What is there of each of these services; `reason` is why it is to be touched."""
        beside = still_beside(ctx, names)
        found = {name: self._see(ctx, name) for name in names}
        displaced = [name for name in beside if not found[name].reason]
        return found | {name: replace(found[name], reason=DISPLACED) for name in displaced}

    def _see(self, ctx: Context, name: str) -> Seen:
        container = ctx.container(name) if self.missing_only or self.anew else None
        if self.missing_only and container is not None:
            return Seen(container=container, reason=None if container.is_running else STOPPED)
        # What is only stopped would be started as it is.
        if name in self.anew and container is not None:
            return replace(see(ctx, name), reason=ANEW)
        return see(ctx, name)

    def _let_old_ones_go(self, ctx: Context, names: Iterable[str]) -> None:
        """Where a killed run had put new containers beside old ones that still run."""
        for name in names:
            current = ctx.container(name)
            if current is not None and serves_now(ctx, current):
                serving = Serving(ctx, Phases())
                serving.back([name], moved=True)
                stop_displaced(ctx, name, Phases())
                serving.forget([name])

    def _require_orders(self, ctx: Context) -> None:
        order, services = ctx.settings.restart.order, ctx.settings.services
        for wanted, names in ((order.app, services.app), (order.worker, services.worker)):
            for name in names if wanted == "start-first" else ():
                require_room_beside(ctx.service(name))

    def apply(self, ctx: Context, change: Change) -> Result:
        wanted = change.facts["reasons"]
        beside = still_beside(ctx, ctx.settings.services.of(self.roles))
        if beside:
            self._let_old_ones_go(ctx, beside)
            wanted = _reasons(self._found(ctx, change.before["containers"]))
        roll = Roll(ctx, wanted)
        roll.all_at_once() if self.at_once else roll.by_turns()
        images = {name: ctx.running(name).image_id for name in wanted}
        return {"containers": images, "roll": roll.facts(), **change.facts}

    def verify(self, ctx: Context, change: Change) -> None:
        if not self.anew:
            super().verify(ctx, change)
        for name in self.anew:
            before = change.before["containers"][name] or {}
            if ctx.running(name).id == before.get("id") or see(ctx, name).reason:
                raise CosmicError("The container was not made anew", where=name)

    def undo(self, ctx: Context, change: Change) -> None:
        way_back = WayBack(ctx, at_once=self.at_once)
        # The replicas first: while one is away, nobody else is started who could take its address.
        names = list(reversed(change.before["containers"]))
        names.sort(key=lambda name: name not in ctx.settings.services.app)
        for name in names:
            way_back.take(name, change.before["containers"][name])
        way_back.end()

    def settle(self, ctx: Context, change: Change) -> None:
        let_go(ctx, change.before["containers"])


def _reasons(found: Mapping[str, Seen]) -> dict[str, str]:
    return {name: seen.reason for name, seen in found.items() if seen.reason}


def _grouped(reasons: dict[str, str]) -> str:
    groups: dict[str, list[str]] = {}
    for name, why in reasons.items():
        groups.setdefault(why, []).append(name)
    verbs = {STOPPED: "start", MISSING: "create"}
    return "; ".join(
        f"{verbs.get(why, 'replace')} {', '.join(names)} ({why})" for why, names in groups.items()
    )
