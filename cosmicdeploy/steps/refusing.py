"""Mark errors of a step's check whose cause no earlier step can remove."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cosmicdeploy.errors import CosmicError, Refused


@contextmanager
def refusing(kind: type[CosmicError], at: str = "") -> Iterator[None]:
    """Turn errors of this kind into `Refused`, with the same exit code.

    A plan reports `Refused` before anything is changed, since no earlier step can remove its cause.
    `at` replaces the error's `where`.
    """
    try:
        yield
    except kind as error:
        refused = Refused(
            error.what, where=at or error.where, todo=error.todo, details=error.details
        )
        refused.exit_code = error.exit_code
        raise refused from error
