"""Stop on SIGTERM, the signal with which Docker stops a container."""

from __future__ import annotations

import signal

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


class StopSignal:
    """Blocks SIGTERM and SIGINT; call the instance to learn whether one of them has arrived.

    Blocked signals wait in the kernel: no handler interrupts the current work, and a wait for them
    ends as soon as they arrive. This also works for process 1, for which the kernel discards
    signals that have no handler, but not blocked ones.
    """

    def __init__(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self._stopped = False

    def __call__(self, seconds: float = 0) -> bool:
        """Wait for a signal for up to `seconds`; return whether one has arrived so far."""
        if not self._stopped:
            self._stopped = signal.sigtimedwait(SIGNALS, seconds) is not None
        return self._stopped
