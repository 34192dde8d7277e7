"""Options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.terminal import Terminal


def duration(text: str | float) -> float:
    """Return the seconds of a duration such as 90s. Raises `typer.BadParameter`.

    Typer also passes an option's default, which is a number of seconds.
    """
    from cosmicdeploy.errors import UsageError
    from cosmicdeploy.operations.durations import parse_duration

    try:
        return parse_duration(str(text))
    except UsageError as error:
        raise typer.BadParameter(f"{error.what}: {error.todo}") from error


BackupArgument = Annotated[
    str, typer.Argument(help='A backup\'s id, or "latest".', autocompletion=completion.backups)
]
Plan = Annotated[bool, typer.Option("--plan", help="Show what would change, then exit.")]
RemoveOrphans = Annotated[
    bool,
    typer.Option(
        "--remove-orphans",
        help="Remove the containers that no service declares any more; their volumes stay.",
    ),
]
ShowAll = Annotated[bool, typer.Option("--all", help="List all, not only the ten newest.")]
# An option of the commands that take the lock.
Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        metavar="DURATION",
        parser=duration,
        help="Wait up to this long if another run holds the lock (90s, 10m).",
        show_default=False,
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="SERVICE",
        help="Replace this database, cache, proxy or other infrastructure too, if it has changed;"
        " repeatable.",
        autocompletion=completion.infrastructure,
    ),
]
RollbackInclude = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="SERVICE",
        help="Roll back the image of the proxy too, if the stack builds it; only with --code-only.",
        autocompletion=completion.infrastructure,
    ),
]
# The annotation and the default of each common option.
COMMON: dict[str, tuple[Any, Any]] = {
    "config": (
        Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                help="Use this configuration file (default: cosmicdeploy.yaml in this folder or the"
                " nearest one above).",
            ),
        ],
        None,
    ),
    "json": (
        Annotated[bool, typer.Option("--json", help="Print JSON instead of text on stdout.")],
        False,
    ),
    "yes": (
        Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to questions.")],
        False,
    ),
    "verbose": (
        Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")],
        False,
    ),
    "no_color": (Annotated[bool, typer.Option("--no-color", help="Print without colors.")], False),
}
# The common options of a command that passes on the stdout of a program in a container.
PLAIN = ("config", "verbose", "no_color")
Command = Callable[..., None]


def common_options(command: Command) -> Command:
    """Add the common options to a command, which gets them as `config` and `terminal`."""
    return _with_options(command, COMMON)


def plain_options(command: Command) -> Command:
    """Add the common options except --json and --yes, to a command without report and questions."""
    return _with_options(command, PLAIN)


def refuse_config(config: Path | None, *, todo: str) -> None:
    """Raise `UsageError` if --config is given to a command that creates the settings' file."""
    from cosmicdeploy.errors import UsageError
    from cosmicdeploy.settings.loading import FILE_NAME

    if config is not None:
        raise UsageError(
            f"The settings are always written to {FILE_NAME} in the folder of the stack",
            where="--config",
            todo=todo,
        )


def _with_options(command: Command, names: Iterable[str]) -> Command:
    """Return a function that has the command's options and the common ones, for Typer to read.

    It calls the command with `config` and `terminal`, which stand for the common options.
    """

    @functools.wraps(command)
    def wrapper(**values: Any) -> None:
        common = {name: values.pop(name) for name in names}
        config = common.pop("config")
        command(**values, config=config, terminal=Terminal(**common))

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
