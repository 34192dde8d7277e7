"""Errors of a step's check that no earlier step can remove."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cosmicdeploy.errors import CosmicError, Refused


@contextmanager
def refusing(kind: type[CosmicError], at: str = "") -> Iterator[None]:
    """Turn errors of this kind into `Refused`; they keep their exit code.

    No earlier step can remove their cause, so a plan reports them before anything is changed.
    `at` replaces the place that the error names.
    """
    try:
        yield
    except kind as error:
        refused = Refused(
            error.what, where=at or error.where, todo=error.todo, details=error.details
        )
        refused.exit_code = error.exit_code
        raise refused from error
