"""Record a run's baseline in parallel with the run's first steps.

After the run it is too late: the logs of the replaced containers are gone. An error of the
recording must not fail the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import running_release
from cosmicdeploy.operations.checklist import baseline
from cosmicdeploy.operations.checklist.baseline import Baseline
from cosmicdeploy.operations.checklist.collect import collect, counters
from cosmicdeploy.operations.checklist.verdict import baseline_span
from cosmicdeploy.text.timestamp import now

# At its end, a run waits at most this many seconds for the recording that began at its start.
MAX_WAIT_SECONDS = 0.5


class Recording:
    """Records one run's baseline: call `begin`, then `complete` or `drop`. Not reusable."""

    def __init__(self, ctx: Context, command: str) -> None:
        self._ctx, self._command = ctx, command
        self._baseline = Baseline(run=ctx.journal.run, command=command, at=now())
        self._stopped = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._record_in_thread, name="baseline", daemon=True)

    def begin(self) -> None:
        """Start recording the state before the run, in a thread.

        If this run resumes an interrupted run, it takes over the interrupted run's baseline
        instead, because the interrupted run may have changed the state already.
        """
        for run in self._ctx.run.resumed_runs:
            if inherited := baseline.of_run(self._ctx, run.id):
                self._baseline = inherited.model_copy(
                    update={"run": self._baseline.run, "command": self._command}
                )
                return
        self._thread.start()

    def complete(self) -> None:
        """Record that the release is in place now: a later `checklist` judges the time since now.

        If the recording takes too long, the baseline has no figures from before the run.
        """
        self._ignore_errors(self._complete)

    def drop(self) -> None:
        """Remove the baseline, because the run was undone or changed nothing."""
        self._stopped.set()
        with self._writing:
            self._ignore_errors(lambda: baseline.remove(self._ctx, self._baseline.run))

    def _record_in_thread(self) -> None:
        self._ignore_errors(self._record_before)

    def _record_before(self) -> None:
        """Record the figures before the run.

        Writes the figures immediately: if this run is killed, the run that resumes it needs them.
        """
        last, ctx = baseline.newest(self._ctx), self._ctx
        release = running_release(ctx)
        figures = collect(ctx, baseline_span(), last.after if last else {})
        with self._writing:
            if not self._stopped.is_set():
                update = {"before": figures, "release_before": release}
                self._baseline = self._baseline.model_copy(update=update)
                baseline.write(ctx, self._baseline)

    def _complete(self) -> None:
        if self._thread.is_alive():
            self._thread.join(MAX_WAIT_SECONDS)
        self._stopped.set()
        update = {
            "release": running_release(self._ctx),
            "after": counters(self._ctx),
            "in_place_at": now(),
        }
        with self._writing:
            baseline.write(self._ctx, self._baseline.model_copy(update=update))

    @staticmethod
    def _ignore_errors(work: Callable[[], None]) -> None:
        with suppress(Exception):  # a run can succeed without a baseline
            work()
