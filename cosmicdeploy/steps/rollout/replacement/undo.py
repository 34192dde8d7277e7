"""Undo a rollout: put the former containers back in place."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.names import ContainerRole, role_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import FirstError, NeedsPerson
from cosmicdeploy.journal.records.timings import UNDO
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.infrastructure.answers import require_answers
from cosmicdeploy.steps.rollout.planning.gaps import gap
from cosmicdeploy.steps.rollout.replacement.proxy_control import ProxyControl, reported
from cosmicdeploy.steps.rollout.replacement.replace import temporary_containers
from cosmicdeploy.steps.rollout.replacement.target import look_up
from cosmicdeploy.steps.rollout.replacement.timings import Phases


class RolloutUndo:
    """The undo of one rollout, service by service: `begin`, `undo` each, `end`. Not reusable.

    `at_once`: clients are turned away during the undo, so it announces no gap and does not wait for
    the proxy. `errors` keeps the first error, which `end` raises.
    """

    def __init__(self, ctx: Context, *, at_once: bool) -> None:
        self._ctx, self._at_once = ctx, at_once
        self._proxy = ProxyControl(ctx, Phases(ctx.run.notes))
        self.errors = FirstError()

    def begin(self) -> None:
        """Let drained replicas that can serve in, before the undo takes other replicas away.

        An error of the proxy does not stop the undo, but `LockLost` and `EngineUnavailable` are
        raised.
        """
        if not self._at_once:
            self._proxy.restore_drained()
            return
        with FirstError():
            self._proxy.adopt()

    def undo(self, name: str, before: dict[str, Any] | None) -> None:
        """Put back a service's former container; keep an error for `end`.

        Raises `LockLost` and `EngineUnavailable` immediately: no other container could be put back
        either.
        """
        with (
            self.errors,
            nullcontext() if self._at_once else undo_gap(self._ctx, name, before),
        ):
            self._put_back(name, before)

    def _put_back(self, name: str, before: dict[str, Any] | None) -> None:
        if before is not None and not self._at_once:
            self._hand_back(name, before["id"])
        began, is_changed = time.monotonic(), True  # after an error, something may have changed
        try:
            is_changed = put_back(self._ctx, name, before)
        finally:
            if is_changed:
                self._ctx.run.notes.add_phase(name, UNDO, began, time.monotonic())
        worked = name not in self._ctx.run.known_failures.services
        if is_changed and before and before["running"] and worked and not self._at_once:
            # An error of the proxy must not stop the undo of other services.
            with reported(self._ctx, f"{name} is back, but"):
                self._proxy.put_in_service([name], moved=False)
                require_answers(self._ctx, name)()

    def _hand_back(self, name: str, former_id: str) -> None:
        """Let the new container finish its requests; an error of the proxy is only reported."""
        with reported(self._ctx, f"requests to {name} may be cut off"):
            self._proxy.hand_back(name, former_id)

    def end(self) -> None:
        """Put all replicas in service; raise the first error of the undo.

        An error of the proxy is ignored, but `LockLost` and `EngineUnavailable` are raised.
        """
        with FirstError():
            self._proxy.put_all_in_service()
        self.errors.raise_if_any()


def undo_gap(
    ctx: Context, name: str, before: dict[str, Any] | None
) -> AbstractContextManager[None]:
    """Return the gap: a `with` block in which clients may notice the undo of a service.

    There is no gap if the former container did not run, or is still in place.
    """
    if before is None or not before["running"]:
        return nullcontext()
    current = ctx.container(name)
    is_in_place = current is not None and _is_unchanged(current, before)
    return gap(ctx, [] if is_in_place else [name])


def put_back(ctx: Context, service_name: str, before: dict[str, Any] | None) -> bool:
    """Put the former container of a service back in place, from any state of a replacement.

    `before` are the `journal_facts` of the former container. If `before` is None, there was no
    container, and the present one is removed. Returns whether anything had to be changed. Raises
    `NeedsPerson` if the former container is gone.
    """
    target = look_up(ctx, service_name)
    service, current = target.service, target.container
    for leftover in temporary_containers(ctx, service):
        if role_of(leftover.name) is ContainerRole.CANDIDATE:
            ctx.engine.remove(leftover.id)
    if current is not None and _is_unchanged(current, before):
        return False
    # Looked up first, so that no container is removed if the former one is gone.
    former = _require_former(ctx, service, before) if before is not None else None
    if current is not None and (former is None or current.id != former.id):
        end(ctx, service_name, current.id)
        ctx.engine.remove(current.id)
    if former is not None:
        _restore(ctx, service, former, start=before is not None and before["running"])
    return True


def _is_unchanged(current: Container, before: dict[str, Any] | None) -> bool:
    former = before and (before["id"], before["running"])
    return (current.id, current.is_active) == former


def _require_former(ctx: Context, service: Service, before: dict[str, Any]) -> Container:
    """Return the former container; raises `NeedsPerson` if it is gone."""
    former = ctx.engine.container(before["id"])
    if former is None:
        raise NeedsPerson(
            "The container that was in place before the run is gone",
            where=service.container_name,
            todo=f"the present container stays as it is; {ACCEPT}",
        )
    return former


def _restore(ctx: Context, service: Service, former: Container, *, start: bool) -> None:
    if former.name != service.container_name:
        ctx.engine.rename(former.id, service.container_name)
    if start:
        start_container(ctx, service.name, former.id, hooks_may_fail=True)
        if why := ctx.run.known_failures.services.get(service.name):
            ctx.say(f"{service.name} runs as before: it did not work then ({why})")
        else:
            wait_ready(ctx, former.id, service.container_name)
    elif former.is_running:  # the former container was stopped before the run
        end(ctx, service.name, former.id)
