"""Ask a known framework, with a text in place of its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cosmicdeploy.migrations.frameworks.answers.listing import Answer, Listing
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.migrations.frameworks.pending import Pending
from cosmicdeploy.migrations.frameworks.reading import framework
from cosmicdeploy.migrations.frameworks.sql import Shown


def pending_of(known: Framework) -> Pending:
    """Return how a framework is asked what is pending."""
    assert known.definition.pending is not None
    return known.definition.pending


def listing(name: str, text: str, recorded: Sequence[str] = (), exit_code: int = 0) -> Listing:
    """Return what a known framework lists, by its output."""
    pending = pending_of(framework(name))
    assert pending.has_answered(exit_code)
    return pending.form.listing(Answer(text=text, exit_code=exit_code, recorded=recorded))


def statements(name: str, text: str, names: Sequence[str]) -> Mapping[str, Sequence[Shown]]:
    """Return the statements of all pending migrations, by the output of a known framework."""
    return framework(name).statements_of_all(text, names)
