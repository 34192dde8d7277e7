"""What is asked, and what no answer or a no comes to."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.errors import Declined, ExitCode, UsageError
from cosmicdeploy.operations.restart import wanted

pytestmark = pytest.mark.unit


class Keyboard(io.StringIO):
    """A terminal at which this is typed."""

    def isatty(self) -> bool:
        return True


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> Terminal:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "stdin", Keyboard(text))
    return Terminal()


def test_a_yes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "y\n").require_yes("Restart all?")
    Terminal(yes=True).require_yes("Restart all?")


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_no_is_no_bad_usage(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    with pytest.raises(Declined, match="Nothing was removed") as caught:
        typed(monkeypatch, answer).require_yes("Remove 2 backups?", "Nothing was removed")
    assert caught.value.exit_code == ExitCode.FAILED


def test_where_nobody_can_answer_the_question_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(UsageError, match="--yes") as caught:
        Terminal().require_yes("Restart all?")
    assert caught.value.details == ("Restart all?",)


@pytest.mark.parametrize(
    ("words", "every", "what"),
    [(["app"], True, "exclude each other"), ([], False, "Name the services")],
)
def test_a_restart_of_all_and_some_or_of_none(words: list[str], every: bool, what: str) -> None:
    ctx: Any = SimpleNamespace()  # it is not looked at
    with pytest.raises(UsageError, match=what):
        wanted(ctx, words, every=every)
