"""The console for people, in a pipe and in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import RenderableType

from cosmicdeploy.report.console import PlainConsole
from cosmicdeploy.report.tables import table

pytestmark = pytest.mark.unit

ROWS = table(("name", "state"), [{"name": "app", "state": "running"}, {"name": "cache"}])


def printed(shown: RenderableType, *, terminal: bool = False, end: str = "\n") -> str:
    file = io.StringIO()
    console = PlainConsole(file=file, force_terminal=terminal, color_system=None, width=80)
    console.print(shown, end=end)
    return file.getvalue()


def test_a_table_in_a_pipe_has_no_trailing_blanks() -> None:
    assert printed(ROWS) == "name   state\napp    running\ncache\n"


def test_a_terminal_gets_the_table_as_rich_lays_it_out() -> None:
    assert printed(ROWS, terminal=True).startswith("name   state  \n")


def test_a_text_in_a_pipe_keeps_its_indent_and_the_blank_after_a_question() -> None:
    assert printed("  a  b \n\n  c") == "  a  b\n\n  c\n"
    assert printed("Go on? [y/n]: ", end="") == "Go on? [y/n]: "
