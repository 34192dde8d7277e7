"""The wish to stop, as containers get it: SIGTERM."""

from __future__ import annotations

import signal

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


class StopSignal:
    """Holds SIGTERM and SIGINT back until they are asked for.

    Blocked signals wait in the kernel, so that no handler interrupts what is in hand, and waiting
    for them ends the moment they come. It also works for process 1, which ignores signals that
    it has no handler for.
    """

    def __init__(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self._stopped = False

    def __call__(self, seconds: float = 0) -> bool:
        """Wait for so long at most; whether it is time to stop."""
        if not self._stopped:
            self._stopped = signal.sigtimedwait(SIGNALS, seconds) is not None
        return self._stopped
