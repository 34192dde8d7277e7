"""Options that every command takes, added in one place."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from cosmicdeploy.cli.terminal import Terminal


def duration(text: str | float) -> float:
    """What an option says of a time to wait; raises `typer.BadParameter`."""
    from cosmicdeploy.errors import UsageError
    from cosmicdeploy.operations.durations import how_long

    try:
        return how_long(str(text))
    except UsageError as error:
        raise typer.BadParameter(f"{error.what}: {error.todo}") from error


Junit = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Also write the points as JUnit XML.")
]
# For commands that hold the stack's lock.
Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        parser=duration,
        help="Wait so long for another run on this stack to end: 600, 90s, 10m.",
        show_default=False,
    ),
]
COMMON: dict[str, tuple[Any, Any]] = {
    "config": (
        Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                help="The configuration; default: cosmicdeploy.yaml, found upwards.",
            ),
        ],
        None,
    ),
    "json": (Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")], False),
    "yes": (Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")], False),
    "verbose": (
        Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks of errors.")],
        False,
    ),
    "no_color": (Annotated[bool, typer.Option("--no-color", help="No colours.")], False),
}


# Of those, what is of use where standard output is somebody else's.
PLAIN = ("config", "verbose", "no_color")

Command = Callable[..., None]


def common_options(command: Command) -> Command:
    """Give a command the common options; it gets them as `config` and `terminal`."""
    return _with_options(command, COMMON)


def plain_options(command: Command) -> Command:
    """As `common_options`, for a command that reports nothing and asks nothing."""
    return _with_options(command, PLAIN)


def _with_options(command: Command, names: Iterable[str]) -> Command:
    @functools.wraps(command)
    def wrapper(**given: Any) -> None:
        common = {name: given.pop(name) for name in names}
        config = common.pop("config")
        command(**given, config=config, terminal=Terminal(**common))

    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(command).parameters.items()
        if name not in ("config", "terminal")
    ]
    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in ((name, COMMON[name]) for name in names)
    ]
    wrapper.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in (*own, *added)}
    return wrapper
