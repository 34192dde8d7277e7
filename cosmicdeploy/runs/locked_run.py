"""Begin a run: take the stack's lock and record the run in the journal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from uuid import uuid4

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import releases_ahead
from cosmicdeploy.context.run_notes import RunNotes
from cosmicdeploy.errors import LockLost, to_cosmic_error
from cosmicdeploy.events import Notice
from cosmicdeploy.journal.run_kind import RunCommand
from cosmicdeploy.lock import Lock, LockWait, hold_lock, operator_name
from cosmicdeploy.lock.fence import fenced
from cosmicdeploy.probes.preconditions.single_container import resolve_containers
from cosmicdeploy.process.signals import Interrupts, deferred_interrupts
from cosmicdeploy.runs.failing_before import known_failures
from cosmicdeploy.runs.journal_rotation import rotate_journal
from cosmicdeploy.runs.new_services import new_services
from cosmicdeploy.runs.summary.summary import first_facts, record_failure
from cosmicdeploy.runs.undo.snapshot import State, observe
from cosmicdeploy.runs.undo.undo import note
from cosmicdeploy.steps.base import Step
from cosmicdeploy.text.formatting import format_releases

# Seconds for which a check of the lock stays valid: no other run can take the lock over that fast.
FENCE_TRUST_SECONDS = 0.1


@contextmanager
def begin(
    ctx: Context,
    command: RunCommand,
    wait: float,
    needed: Sequence[str],
    steps: Sequence[Step] = (),
) -> Iterator[tuple[Context, State]]:
    """Hold the lock and record the start of a run; yield the run's context and the initial state.

    `needed` are the services that must have exactly one container each. `steps` are the steps of
    the run; the services that they create are recorded as new. Waits up to `wait` seconds for the
    lock; raises `LockHeld` if another run still holds it. If the block raises, records why;
    otherwise rotates the journal after it.
    """
    on_interrupt = partial(
        ctx.say, "stopping at the next safe point, then undoing what was changed"
    )
    journal = ctx.journal.of_run(uuid4().hex[:8])
    with (
        deferred_interrupts(on_interrupt) as interrupts,
        _held(ctx, command, wait, interrupts) as lock,
    ):
        engine = fenced(ctx.engine, partial(lock.require, max_age=FENCE_TRUST_SECONDS))
        notes = RunNotes()
        run_ctx = replace(
            ctx,
            interrupts=interrupts,
            journal=journal,
            lock=lock,
            engine=engine,
            emit=notes.listening(ctx.emit),
        ).with_run(notes=notes)
        # While this run waited for the lock, another run may have created other containers.
        run_ctx = resolve_containers(run_ctx, needed)
        known = known_failures(run_ctx, command.kind, new_services(run_ctx, steps))
        state = {**observe(run_ctx), "known_failures": known.as_json()}
        shown = first_facts(run_ctx)
        notes.begin()
        journal.append(
            "run",
            command=command.line,
            run_kind=command.kind,
            who=operator_name(),
            pid=os.getpid(),
            release=format_releases(releases_ahead(run_ctx)),
            target=run_ctx.run.target_backup.id if run_ctx.run.target_backup else None,
            included=sorted(run_ctx.run.included),
            state=state,
            **shown,
        )
        try:
            yield run_ctx.with_run(known_failures=known), state
        except LockLost:
            raise  # the journal belongs to the new lock holder
        except BaseException as error:  # raised outside of the steps: there is nothing to undo
            note(journal, "ended", whole=True)
            record_failure(run_ctx, to_cosmic_error(error))
            raise
        rotate_journal(run_ctx)


def _held(
    ctx: Context, command: RunCommand, wait: float, interrupts: Interrupts
) -> AbstractContextManager[Lock]:
    patience = LockWait(
        wait=wait,
        stale_after=ctx.settings.lock.stale_after,
        on_wait=lambda text: ctx.emit(Notice(text=text)),
        safe_point=interrupts.safe_point,
    )
    return hold_lock(ctx.engine, ctx.stack.project, command.line, patience)
