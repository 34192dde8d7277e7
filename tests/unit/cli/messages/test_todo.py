"""Every command that a message advises exists and is valid."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.unit.cli.messages.source import PACKAGE, sources, text_of
from tests.unit.commands import require_valid

pytestmark = pytest.mark.unit
COMMAND = re.compile(r"`(cosmicdeploy [^`]+)`")
# The command line of an earlier run, which is shown unchanged.
RECORDED = re.compile(r"cosmicdeploy \{[^}]*\}")
# Examples for the expressions that the code inserts into messages.
EXAMPLES = {
    "{run.command}": "rollback",
    "{last.command}": "rollback",
    "{turning[-1].command}": "restart db",
    "{COMMAND}": "deploy --abort --accept",
    "{options}": "--allow NAME",
    "{of_backup}": " --to NAME",
    "{'disable' if on else 'enable'}": "disable",
}
# The advice of another error, passed on.
FORWARDED = (
    "with_abort_advice(undo_error.todo, data=has_swapped_data(applied))",
    "_todo(runs, applied, error)",
    "with_abort_advice(error.todo, data=has_swapped_data(applied))",
)
# Advice that is assembled: `back` and `by_hand` name commands.
ASSEMBLED = (
    "back + by_hand",
    "OVER",  # of a run that is over, so that any command continues
    "_todo(ctx, result.text + result.error_text)",
    # The code that undoes a run adds the command.
    "f'put {name} back into the compose file, then run the same command again'",
)


def advised_commands() -> Iterator[str]:
    """Yield every command that a message names, after its file. Docstrings are left out."""
    for path, module in sources():
        nodes = list(ast.walk(module))
        ignored = {part for n in nodes if isinstance(n, ast.JoinedStr) for part in n.values}
        ignored |= {n.value for n in nodes if isinstance(n, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant | ast.JoinedStr) and node not in ignored:
                for line in COMMAND.findall(text_of(node)):
                    yield f"{path.relative_to(PACKAGE)}: {line}"


@pytest.mark.parametrize(
    "line",
    sorted({each for each in advised_commands() if not RECORDED.fullmatch(each.split(": ", 1)[1])}),
)
def test_every_command_that_a_message_names_is_valid(line: str) -> None:
    _, command = line.split(": ", 1)
    for expression, example in EXAMPLES.items():
        command = command.replace(expression, example)
    require_valid(re.sub(r"\{[^}]*\}", "NAME", command))


def dead_ends() -> Iterator[tuple[str, ast.Call]]:
    """Yield every `NeedsPerson` that is raised, after its file and line."""
    for path, module in sources():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "NeedsPerson":
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


DEAD_ENDS = dict(dead_ends())


@pytest.mark.parametrize("place", DEAD_ENDS)
def test_every_dead_end_advises_a_command(place: str) -> None:
    [todo] = [word.value for word in DEAD_ENDS[place].keywords if word.arg == "todo"]
    expression = ast.unparse(todo)
    assert (
        "`cosmicdeploy " in text_of(todo)
        or "{ACCEPT}" in text_of(todo)
        or expression in (*FORWARDED, *ASSEMBLED)
    ), expression
