"""What a step's check finds wrong for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cosmicdeploy.errors import CosmicError, Refused


@contextmanager
def refusing(kind: type[CosmicError]) -> Iterator[None]:
    """Let errors of this kind be `Refused`: no earlier step can mend them, so a plan tells them
    before anything is touched, and does not put them off."""
    try:
        yield
    except kind as error:
        raise Refused(
            error.what, where=error.where, todo=error.todo, details=error.details
        ) from error
