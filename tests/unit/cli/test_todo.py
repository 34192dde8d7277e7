"""Whatever a message tells to run is a command that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.commands import require_valid

pytestmark = pytest.mark.unit

PACKAGE = Path(__file__).resolve().parents[3] / "cosmicdeploy"
COMMAND = re.compile(r"`(cosmicdeploy [^`]+)`")
# Tells of a command line that was run, and is kept as it was.
RECORDED = re.compile(r"cosmicdeploy \{[^}]*\}")
# What stands in a message where the code puts something in.
EXAMPLES = {
    "{run.command}": "rollback",
    "{last.command}": "rollback",
    "{turning[-1].command}": "restart db",
    "{COMMAND}": "deploy --abort --accept",
    "{options}": "--allow NAME",
    "{'disable' if on else 'enable'}": "disable",
}
# Their way on is that of the error which they tell of.
FORWARDED = (
    "with_abort_advice(undo_error.todo, data=has_swapped_data(applied))",
    "with_abort_advice(error.todo, data=has_swapped_data(applied))",
)
# These put it together: `back` and `by_hand` name both ways on.
ASSEMBLED = (
    "back + by_hand",
    "_todo(result.text + result.error_text)",
    # What undoes a run adds the way out.
    "f'put {name} back into the compose file, then run the same command again'",
)


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if "payload" not in path.relative_to(PACKAGE).parts:
            yield path, ast.parse(path.read_text())


def text_of(node: ast.expr) -> str:
    """A message as it stands in the code, with what is put in as `{expression}`."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(text_of(part) for part in node.values)
        case ast.FormattedValue():
            return "{" + ast.unparse(node.value) + "}"
        case _:
            return ""


def told() -> Iterator[str]:
    """Every command that a message names, docstrings left out."""
    for path, module in sources():
        nodes = list(ast.walk(module))
        passed_over = {part for n in nodes if isinstance(n, ast.JoinedStr) for part in n.values}
        passed_over |= {n.value for n in nodes if isinstance(n, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant | ast.JoinedStr) and node not in passed_over:
                for line in COMMAND.findall(text_of(node)):
                    yield f"{path.relative_to(PACKAGE)}: {line}"


@pytest.mark.parametrize(
    "line", sorted({each for each in told() if not RECORDED.fullmatch(each.split(": ", 1)[1])})
)
def test_every_command_that_a_message_names_is_there(line: str) -> None:
    _, command = line.split(": ", 1)
    for expression, example in EXAMPLES.items():
        command = command.replace(expression, example)
    require_valid(re.sub(r"\{[^}]*\}", "NAME", command))


def dead_ends() -> Iterator[tuple[str, ast.Call]]:
    for path, module in sources():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "NeedsPerson":
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


DEAD_ENDS = dict(dead_ends())


@pytest.mark.parametrize("place", DEAD_ENDS)
def test_every_dead_end_names_a_way_out(place: str) -> None:
    [todo] = [word.value for word in DEAD_ENDS[place].keywords if word.arg == "todo"]
    written = ast.unparse(todo)
    assert (
        "`cosmicdeploy " in text_of(todo)
        or "{ACCEPT}" in text_of(todo)
        or written in (*FORWARDED, *ASSEMBLED)
    ), written
