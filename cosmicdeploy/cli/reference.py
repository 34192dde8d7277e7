"""`python -m cosmicdeploy.cli.reference`: print docs/reference.md, made from the commands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import typer

from cosmicdeploy.cli.app import app
from cosmicdeploy.cli.options import COMMON

HEAD = """\
# Every command

Made from the code by `python -m cosmicdeploy.cli.reference`; `--help` of a command says the same.
[report.md](report.md) has what `--json` prints and what [exit codes](report.md#exit-codes) mean,
[guide.md](guide.md) which command is for what.
"""
EXAMPLES = re.compile(r"^(?:\x08\n)?Examples?:\n", re.MULTILINE)
ALWAYS, OF_RUNS = (0, 1, 2, 130), (3, 4)
OWN = "That of the command inside; 1, 2 and 130 where it could not be run."


def reference_text() -> str:
    """The page as it is published in docs/reference.md."""
    parts = [HEAD, *_common()]
    for path, command in commands(typer.main.get_command(app), ("cosmicdeploy",)):
        parts += _section(" ".join(path), command)
    return "\n".join(parts)


def commands(command: Any, path: Sequence[str]) -> Iterator[tuple[Sequence[str], Any]]:
    """Every command that does something, with the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, each in inner.items():
        if not each.hidden:
            yield from commands(each, (*path, name))


def described(command: Any) -> tuple[str, str]:
    """A command's description and its examples, "" where it has none."""
    text = "\n\n".join(filter(None, (command.help, command.epilog)))
    description, *examples = EXAMPLES.split(inspect.cleandoc(text), maxsplit=1)
    return description.strip(), inspect.cleandoc("".join(examples)).strip()


def _section(path: str, command: Any) -> Iterator[str]:
    description, examples = described(command)
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    own = [option for option in options if option.name not in (*COMMON, "help")]
    usage = " ".join([path, "[OPTIONS]", *map(_placed, arguments)])
    yield f"\n## {path}\n\n```\n{usage}\n```\n\n{description}\n"
    rows = [(_placed(each), each.help or "") for each in arguments]
    rows += [(_spelled(each), each.help or "") for each in own]
    if rows:
        yield from _table(("", "meaning"), rows)
    common = [_spelled(option) for option in options if option.name in COMMON]
    if common:
        yield f"Common options: {', '.join(f'`{name}`' for name in common)}\n"
    yield f"Exit codes: {_exit_codes(command, description)}\n"
    yield f"```\n{examples}\n```"


def _exit_codes(command: Any, description: str) -> str:
    names = {parameter.name for parameter in command.params}
    if "json" not in names and "config" in names:
        return OWN
    told = {int(code) for code in re.findall(r"\b[Ee]xit(?: code)? (\d+)", description)}
    found = {*ALWAYS, *told, *(OF_RUNS if "wait" in names else ())}
    return ", ".join(map(str, sorted(found)))


def _placed(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    more = "..." if argument.nargs == -1 else ""
    return f"{name}{more}" if argument.required else f"[{name}{more}]"


def _spelled(option: Any) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    if option.is_flag or option.name == "help":
        return names
    return f"{names} {option.metavar or option.name.upper()}"


def _common() -> Iterator[str]:
    yield "## Common options\n"
    first = typer.main.get_command(app).commands["deploy"]  # type: ignore[attr-defined]
    shared = [each for each in first.params if each.name in COMMON]
    yield from _table(("", "meaning"), [(_spelled(each), each.help or "") for each in shared])


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |\n|---|---|"
    for row in rows:
        name, meaning = (cell.replace("|", "\\|") for cell in row)
        yield f"| `{name}` | {meaning} |"
    yield ""


if __name__ == "__main__":
    print(reference_text(), end="")
