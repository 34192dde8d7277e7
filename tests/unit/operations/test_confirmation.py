"""Questions to the operator: yes, no, and no terminal to ask at."""

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
    """Standard input of a terminal at which this text is typed."""

    def isatty(self) -> bool:
        return True


def terminal_with_input(monkeypatch: pytest.MonkeyPatch, text: str) -> Terminal:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "stdin", Keyboard(text))
    return Terminal()


def test_yes_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal_with_input(monkeypatch, "y\n").require_yes("Restart all?")
    Terminal(yes=True).require_yes("Restart all?")


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_no_declines_and_is_not_a_usage_error(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    with pytest.raises(Declined, match="Nothing was removed") as caught:
        terminal_with_input(monkeypatch, answer).require_yes(
            "Remove 2 backups?", "Nothing was removed"
        )
    assert caught.value.exit_code == ExitCode.FAILED


def test_without_a_terminal_the_error_has_the_question_and_the_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(UsageError, match="--yes") as caught:
        Terminal().require_yes("Restart all?")
    assert caught.value.details == ("Restart all?",)


@pytest.mark.parametrize(
    ("words", "every", "what"),
    [(["app"], True, "exclude each other"), ([], False, "No service to restart")],
)
def test_a_restart_needs_either_services_or_all(words: list[str], every: bool, what: str) -> None:
    ctx: Any = SimpleNamespace()  # refused before the context is used
    with pytest.raises(UsageError, match=what):
        plan_restart(ctx, words, all_services=every)
