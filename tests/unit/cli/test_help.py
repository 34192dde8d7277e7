"""Help has one style: it starts with a verb, and each value has a placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.commands import ROOT

pytestmark = pytest.mark.unit

# Add a new verb here.
VERB = re.compile(
    r"""(Allow|Answer|Back|Check|Compare|Copy|Create|Declare|Deploy|End|Exit|Fetch|Find|Fix|Follow
    |Install|Keep|Let|List|Monitor|Name|Open|Pass|Prefix|Print|Publish|Record|Release|Remove
    |Replace|Restart|Restore|Resume|Roll|Run|Send|Show|Start|Switch|Undo|Use|Verify|Wait|Write)\b""",
    re.VERBOSE,
)
METAVAR = re.compile(r"[A-Z]+(,\.\.\.)?")


def walk(command: Any, path: str = "cosmicdeploy") -> Iterator[tuple[str, Any]]:
    """Yield every command and group, hidden ones too, with the words that call it."""
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from walk(each, f"{path} {name}")


COMMANDS = dict(walk(ROOT))
OPTIONS = {
    f"{path} {option.opts[0]}": option
    for path, command in COMMANDS.items()
    for option in command.params
    if option.param_type_name == "option" and not option.hidden
}


def require_style(text: str) -> None:
    assert "\n" not in text
    assert VERB.match(text), "help starts with a verb"
    assert re.search(r"[^.]\.\Z", text), "help ends with one full stop"


@pytest.mark.parametrize("path", COMMANDS)
def test_help_of_a_command_begins_with_a_line_that_starts_with_a_verb(path: str) -> None:
    require_style(COMMANDS[path].help.split("\n\n")[0])


@pytest.mark.parametrize("name", OPTIONS)
def test_help_of_an_option_is_a_line_that_starts_with_a_verb(name: str) -> None:
    require_style(OPTIONS[name].help)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_and_argument_with_a_value_has_a_placeholder_in_capitals(path: str) -> None:
    valued = [each for each in COMMANDS[path].params if not getattr(each, "is_flag", False)]
    wrong = [each.name for each in valued if not METAVAR.fullmatch(each.metavar or "")]
    assert wrong == []
