"""Turn an error of a step's check into `Refused`: no earlier step can remove its cause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cosmicdeploy.errors import CosmicError, Refused


@contextmanager
def refusing(kind: type[CosmicError], at: str = "") -> Iterator[None]:
    """Turn errors of this class into `Refused`, with the same exit code.

    A plan fails with `Refused` before anything is changed. A plan may put off any other error
    until an earlier step has removed the cause. `at` replaces the error's `where`.
    """
    try:
        yield
    except kind as error:
        refused = Refused(
            error.what, where=at or error.where, todo=error.todo, details=error.details
        )
        refused.exit_code = error.exit_code
        raise refused from error
