"""Questions to the operator, and what a no or no answer leads to."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.errors import Declined, ExitCode, UsageError
from cosmicdeploy.operations.restart import plan_restart

pytestmark = pytest.mark.unit


class Keyboard(io.StringIO):
    """A terminal at which this is typed."""

    def isatty(self) -> bool:
        return True


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> Terminal:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "stdin", Keyboard(text))
    return Terminal()


def test_a_yes_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "y\n").require_yes("Restart all?")
    Terminal(yes=True).require_yes("Restart all?")


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_no_is_not_a_usage_error(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    with pytest.raises(Declined, match="Nothing was removed") as caught:
        typed(monkeypatch, answer).require_yes("Remove 2 backups?", "Nothing was removed")
    assert caught.value.exit_code == ExitCode.FAILED


def test_without_a_terminal_the_question_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(UsageError, match="--yes") as caught:
        Terminal().require_yes("Restart all?")
    assert caught.value.details == ("Restart all?",)


@pytest.mark.parametrize(
    ("words", "every", "what"),
    [(["app"], True, "exclude each other"), ([], False, "No service to restart")],
)
def test_a_restart_needs_either_services_or_all(words: list[str], every: bool, what: str) -> None:
    ctx: Any = SimpleNamespace()  # it is not looked at
    with pytest.raises(UsageError, match=what):
        plan_restart(ctx, words, all_services=every)
