"""The command `cosmicdeploy adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import common_options, refuse_config
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from cosmicdeploy.adoption.adopt import Adoption
    from cosmicdeploy.adoption.reading.opening import StackChoice
    from cosmicdeploy.report.model import Report


@common_options
def adopt(
    directory: Annotated[
        Path, typer.Argument(help="Folder with a compose file.", show_default=False)
    ] = Path(),
    files: Annotated[
        list[Path] | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Use this compose file, as with Compose; repeatable, later ones override.",
        ),
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option("--env-file", metavar="FILE", help="Use this env file in place of .env."),
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", "-p", metavar="NAME", help="Name the project.")
    ] = None,
    applications: Annotated[
        list[str] | None,
        typer.Option(
            "--app",
            metavar="SERVICE",
            help="Name a service that is the application, if it is not recognized; repeatable.",
        ),
    ] = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the settings on stdout; write no file.")
    ] = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Write cosmicdeploy.yaml for the stack in a folder.

    Recognizes the application, database, cache, proxy, scheduler and workers, ports, health paths,
    releases and framework. Reads the compose files, Dockerfiles, sources, the proxy's
    configuration, the engine's images and what runs. A comment at each value says where it was
    seen; guesses are marked. Sends a running replica a GET request, up to seven if no file names
    its health path. Changes nothing else, and never replaces a file.

    \b
    Examples:
      cosmicdeploy adopt
      cosmicdeploy adopt --print
      cosmicdeploy adopt -f compose.yml -f compose.live.yml --env-file live.env
    """
    choices: dict[str, Any] = {"files": files or (), "applications": applications or ()}
    choices |= {"env_file": env_file, "project": project}
    run_command(
        "adopt", terminal, lambda call: _adopt(call, config, directory, choices, print_only)
    )


def _adopt(
    call: Call, config: Path | None, directory: Path, choices: dict[str, Any], print_only: bool
) -> Report:
    from cosmicdeploy.adoption.adopt import adopt, require_no_settings, write

    choice = _choice(config, directory, choices)
    if not print_only:
        require_no_settings(choice.folder)
    adoption = adopt(choice)
    if not print_only:
        write(adoption)
    for note in adoption.notes:
        if note.kind == "does not hold":
            about = f"{note.about}: " if note.about else ""
            call.warn(f"{about}{note.what} → {note.todo}")
    if not call.terminal.json:
        _show(call.terminal.errors if print_only else call.terminal.console, adoption)
        if print_only:
            typer.echo(adoption.text, nl=False)
        else:
            _show_next(call.terminal.console, adoption)
    outcome = "done" if print_only else "changed"
    return call.report(outcome=outcome, data=_data(adoption, written=not print_only))


def _choice(config: Path | None, directory: Path, choices: dict[str, Any]) -> StackChoice:
    """Return what to adopt. Raises `UsageError` for --config, and if there is no such folder.

    `choices` are the other options, by the names of the fields of `StackChoice`.
    """
    import os

    from cosmicdeploy.adoption.reading.opening import StackChoice
    from cosmicdeploy.errors import UsageError

    refuse_config(config, todo="name that folder: `cosmicdeploy adopt DIRECTORY`")
    folder = directory.resolve()
    if not folder.is_dir():
        raise UsageError(
            "There is no such folder", where=str(folder), todo="name a folder with a compose file"
        )
    return StackChoice(folder=folder, environ=dict(os.environ), **choices)


def _show(console: Console, adoption: Adoption) -> None:
    """Print the files read, the services with their roles, marked settings, and most notes.

    The notes of the kind "does not hold" are left out: they are printed as warnings.
    """
    from cosmicdeploy.report.console import styled
    from cosmicdeploy.report.tables import table

    console.print(f"read {', '.join(adoption.read)}", soft_wrap=True)
    rows = [
        {
            "service": each.service,
            "role": f"{each.role} of {each.application}" if each.application else each.role,
            "evidence": each.evidence,
        }
        for each in adoption.services
    ]
    console.print(table(("service", "role", "evidence"), rows))
    for each in adoption.settings:
        if each.mark:
            color = "yellow" if each.mark == "guess" else "red"
            line = styled(f"[{color}]{each.mark}:[/] {{}}: {{}}", each.name, each.value)
            console.print(styled("{} ({})", line, each.evidence), soft_wrap=True)
    for note in adoption.notes:
        if note.kind != "does not hold":
            about = f"{note.about}: " if note.about else ""
            line = styled(f"[yellow]{note.kind}:[/] {{}}", f"{about}{note.what}")
            console.print(line, soft_wrap=True)
            if note.todo:
                console.print(f"  → {note.todo}", soft_wrap=True)


def _show_next(console: Console, adoption: Adoption) -> None:
    console.print(f"created {adoption.file}", soft_wrap=True)
    steps = []
    if adoption.marked("to do"):
        steps.append('do what is marked "to do" there')
    if adoption.marked("guess"):
        steps.append('look at what is marked "guess" there')
    steps.append("run `cosmicdeploy doctor`, which shows what a first deploy would lose")
    console.print(f"Next: {', then '.join(steps)}", soft_wrap=True)


def _data(adoption: Adoption, *, written: bool) -> dict[str, object]:
    return {
        "file": str(adoption.file),
        "written": written,
        "text": adoption.text,
        "read": list(adoption.read),
        "services": [vars(each) for each in adoption.services],
        "settings": [
            {"key": each.name, "value": each.value, "evidence": each.evidence, "mark": each.mark}
            for each in adoption.settings
        ],
        "notes": [vars(each) for each in adoption.notes],
    }
