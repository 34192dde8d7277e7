"""Record a run's baseline beside its steps; an error here must not fail the run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from cosmicdeploy.context import Context
from cosmicdeploy.journal.journal import now
from cosmicdeploy.operations.checklist import baseline
from cosmicdeploy.operations.checklist.baseline import Baseline
from cosmicdeploy.operations.checklist.collect import collect, counters
from cosmicdeploy.operations.checklist.verdict import span_before_deploy

# Seconds that the end of a run waits for the recording that began at its start.
PATIENCE = 0.5


class Recording:
    """The recording of one run's baseline: `begin`, then `complete` or `drop`. Not reusable."""

    def __init__(self, ctx: Context, command: str) -> None:
        self._ctx, self._command = ctx, command
        self._baseline = Baseline(run=ctx.journal.run, command=command, at=now())
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._record_in_thread, name="baseline", daemon=True)

    def begin(self) -> None:
        """Begin to record the state before the run, in a thread.

        A run that resumes an interrupted one takes over that run's baseline: the state may have
        changed since the interrupted run began.
        """
        for run in self._ctx.run.resumed_runs:
            if inherited := baseline.of_run(self._ctx, run.id):
                self._baseline = inherited.model_copy(
                    update={"run": self._baseline.run, "command": self._command}
                )
                return
        self._thread.start()

    def complete(self) -> None:
        """Record that the release is in place; `checklist` compares what happens from now on."""
        self._quietly(self._complete)

    def drop(self) -> None:
        """Remove the baseline of a run that was undone."""
        self._over.set()
        with self._writing:
            self._quietly(lambda: baseline.remove(self._ctx, self._baseline.run))

    def _record_in_thread(self) -> None:
        self._quietly(self._record_before)

    def _record_before(self) -> None:
        """Record the figures before the run.

        They are written at once: if this run is killed, the run that resumes it needs them.
        """
        last, ctx = baseline.newest(self._ctx), self._ctx
        release = ctx.running_release()
        figures = collect(ctx, span_before_deploy(), last.after if last else {})
        with self._writing:
            if not self._over.is_set():
                update = {"before": figures, "release_before": release}
                self._baseline = self._baseline.model_copy(update=update)
                baseline.write(ctx, self._baseline)

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
            baseline.write(self._ctx, self._baseline.model_copy(update=update))

    @staticmethod
    def _quietly(work: Callable[[], None]) -> None:
        with suppress(Exception):  # a run that succeeds without a baseline has succeeded
            work()
