"""Calls that a signal may stop waiting for, although they run to their end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait

# How long a signal may go unnoticed during the wait, in seconds.
NOTICED_WITHIN_SECONDS = 0.25


class Call:
    """One call in a thread of its own: `what` will be true once it has ended, as in "web runs".

    `given_up` is set once the wait for the call was given up.
    """

    def __init__(self, what: str, given_up: threading.Event) -> None:
        self.what, self.given_up = what, given_up
        self.future = Future[None]()
        self.has_begun = False

    def begin(self) -> bool:
        """Announce that the call now changes something; False if it must not, and has to end."""
        # In this order: `BackgroundCalls` sets the event first, and then looks at `has_begun`.
        self.has_begun = True
        return not self.given_up.is_set()

    def start(self, body: Callable[[Call], None]) -> None:
        """Run the body in a daemon thread, since a process that exits waits for the others."""

        def run() -> None:
            try:
                body(self)
            except BaseException as error:  # the waiting thread raises it
                self.future.set_exception(error)
            else:
                self.future.set_result(None)

        threading.Thread(target=run, daemon=True).start()


class BackgroundCalls:
    """Calls such as requests to the engine to stop a container, which a signal cannot take back.

    A call that has begun continues after a signal has ended the wait for it. `finish` waits for the
    rest of it, so that an undo does not work against it.
    """

    def __init__(self) -> None:
        self._left: list[Call] = []

    def run(
        self, bodies: Mapping[str, Callable[[Call], None]], safe_point: Callable[[], None]
    ) -> None:
        """Run all bodies at the same time, and wait until all have ended.

        `bodies` maps `Call.what` to the body of the call. Calls `safe_point` during the wait.
        Raises its error at once, and otherwise that of the first body that failed.
        """
        given_up = threading.Event()
        calls = [Call(what, given_up) for what in bodies]
        self._left += calls
        for call in calls:
            call.start(bodies[call.what])
        left = {call.future for call in calls}
        try:
            while left:
                left = wait(left, timeout=NOTICED_WITHIN_SECONDS).not_done
                if left:
                    safe_point()
        except BaseException:
            given_up.set()
            raise
        self._left = [call for call in self._left if call not in calls]
        for call in calls:
            call.future.result()

    def finish(self, say: Callable[[str], None]) -> None:
        """Wait for the calls that a signal has left behind; say what each of them waits for.

        Ignores their errors: nothing depends on their results any more.
        """
        for call in self._left:
            if call.has_begun and not call.future.done():
                say(f"waiting until {call.what}")
                wait([call.future])
        self._left = []
