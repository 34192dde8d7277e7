"""A run's baseline, recorded while the run is at work. Nothing here may fail or delay a run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from cosmicdeploy.context import Context
from cosmicdeploy.journal.journal import now
from cosmicdeploy.operations.checklist import baseline
from cosmicdeploy.operations.checklist.baseline import Baseline
from cosmicdeploy.operations.checklist.collect import collect, counters
from cosmicdeploy.operations.checklist.span import before_a_deploy

# How long the end of a run waits for what was begun at its start, in seconds.
PATIENCE = 0.5


class Recording:
    """One run's baseline, in three moments: `begin`, then `complete` or `drop`. Not reusable."""

    def __init__(self, ctx: Context, command: str) -> None:
        self._ctx, self._command = ctx, command
        self._found = Baseline(run=ctx.journal.run, command=command, at=now())
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._look, name="baseline", daemon=True)

    def begin(self) -> None:
        """Look at the time before the run, beside it. One that goes on from a killed run takes what
        that one had seen: the time since is not the time before."""
        for run in self._ctx.earlier:
            if known := baseline.of_run(self._ctx, run.id):
                self._found = known.model_copy(
                    update={"run": self._found.run, "command": self._command}
                )
                return
        self._thread.start()

    def complete(self) -> None:
        """The release is in place: from now on evidence counts for it."""
        self._quietly(self._complete)

    def drop(self) -> None:
        """All was undone, so nothing is to be compared with this."""
        self._over.set()
        with self._writing:
            self._quietly(lambda: baseline.forget(self._ctx, self._found.run))

    def _look(self) -> None:
        self._quietly(self._before)

    def _before(self) -> None:
        """Written at once, for whoever goes on from this run should it be killed."""
        last, ctx = baseline.newest(self._ctx), self._ctx
        release = ctx.running_release()
        found = collect(ctx, before_a_deploy(), last.after if last else {})
        with self._writing:
            if not self._over.is_set():
                update = {"before": found, "release_before": release}
                self._found = self._found.model_copy(update=update)
                baseline.keep(ctx, self._found)

    def _complete(self) -> None:
        if self._thread.is_alive():
            self._thread.join(PATIENCE)
        self._over.set()
        update = {
            "release": self._ctx.running_release(),
            "after": counters(self._ctx),
            "in_place_at": now(),
        }
        with self._writing:
            baseline.keep(self._ctx, self._found.model_copy(update=update))

    @staticmethod
    def _quietly(work: Callable[[], None]) -> None:
        with suppress(Exception):  # a run that succeeds without a baseline has succeeded
            work()
