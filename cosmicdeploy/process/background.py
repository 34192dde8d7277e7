"""Calls that continue after a signal has ended the wait for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from functools import partial

from cosmicdeploy.process.concurrency import start_in_thread

# Seconds between two calls of the safe point during the wait.
NOTICED_WITHIN_SECONDS = 0.25


class Call:
    """One call in a thread of its own.

    `what` is a sentence that is true once the call has ended, as in "web has stopped". `given_up`
    is set once a signal or an error has ended the wait for the call.
    """

    def __init__(self, what: str, given_up: threading.Event) -> None:
        self.what, self.given_up = what, given_up
        self.future = Future[None]()
        self.has_begun = False

    def begin(self) -> bool:
        """Announce that the call now changes something; False if it must end without a change."""
        # The order matters: `BackgroundCalls` first sets the event, and then reads `has_begun`.
        self.has_begun = True
        return not self.given_up.is_set()

    def start(self, body: Callable[[Call], None]) -> None:
        """Run the body in a thread of its own; `future` gets the result or the error."""
        start_in_thread(partial(body, self), self.future)


class BackgroundCalls:
    """Calls that a signal cannot take back, such as requests to stop a container.

    A call that has begun continues after a signal has ended the wait for it. `finish` waits until
    the call has ended, so that an undo does not interfere with it.
    """

    def __init__(self) -> None:
        # Several threads of a run stop containers at the same time, so this dictionary, used as an
        # ordered set, is never replaced: one thread would lose the calls of the other.
        self._left: dict[Call, None] = {}

    def run(
        self, bodies: Mapping[str, Callable[[Call], None]], safe_point: Callable[[], None]
    ) -> None:
        """Run all bodies at the same time, and wait until all have ended.

        `bodies` maps `Call.what` to the body of the call. Calls `safe_point` during the wait.
        Raises an error of `safe_point` immediately, and otherwise the error of the first body that
        failed.
        """
        given_up = threading.Event()
        calls = [Call(what, given_up) for what in bodies]
        left = {call.future for call in calls}
        self._left.update(dict.fromkeys(calls))
        try:
            for call in calls:
                call.start(bodies[call.what])
            while left:
                left = wait(left, timeout=NOTICED_WITHIN_SECONDS).not_done
                if left:
                    safe_point()
        except BaseException:
            given_up.set()
            raise
        self._forget(calls)
        for call in calls:
            call.future.result()

    def finish(self, say: Callable[[str], None]) -> None:
        """Wait for the calls that a signal has left behind; say before each wait what it is for.

        Ignores their errors: nothing depends on their results any more.
        """
        left = tuple(self._left)
        for call in left:
            if call.has_begun and not call.future.done():
                say(f"waiting until {call.what}")
                wait([call.future])
        self._forget(left)

    def _forget(self, calls: Iterable[Call]) -> None:
        for call in calls:
            self._left.pop(call, None)
