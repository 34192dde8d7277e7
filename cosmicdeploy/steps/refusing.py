"""What a step's check finds wrong for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cosmicdeploy.errors import CosmicError, Refused


@contextmanager
def refusing(kind: type[CosmicError], at: str = "") -> Iterator[None]:
    """Let errors of this kind be `Refused`, with their own exit code: no earlier step can mend
    them, so a plan tells them before anything is touched, and does not put them off.

    `at` is where what they tell of is written, if that is known better than they do.
    """
    try:
        yield
    except kind as error:
        refused = Refused(
            error.what, where=at or error.where, todo=error.todo, details=error.details
        )
        refused.exit_code = error.exit_code
        raise refused from error
