"""Calls that cannot be read: the error shows the words that were typed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperGroup

from cosmicdeploy.text.sanitize import sanitized


class Commands(TyperGroup):
    """The commands; a usage error shows nothing that a terminal would obey."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """As the library does."""
        with _told_plainly():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """As the library does, for all commands below as well."""
        with _told_plainly():
            return super().invoke(ctx)


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # The library's releases differ in whether its errors are click's or their own.
        if isinstance(message := getattr(error, "message", None), str):
            error.message = sanitized(message)  # type: ignore[attr-defined]
        raise
