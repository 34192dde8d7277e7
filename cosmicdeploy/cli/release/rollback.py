"""The command `cosmicdeploy rollback`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import RollbackInclude, ShowAll, Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.context.context import Context
    from cosmicdeploy.database.backups.backup import Backup
    from cosmicdeploy.report.model import Report


NOTHING_ELSE = "The stack has no database, so nothing else is rolled back"


class Mode(StrEnum):
    """What a rollback changes; the value is the playbook's name."""

    RESTORE = "rollback"
    MIGRATION = "rollback-migration"
    CODE_ONLY = "rollback-code"

    @property
    def option(self) -> str:
        """The option that selects the mode."""
        return {
            Mode.RESTORE: "--restore",
            Mode.MIGRATION: "--migration",
            Mode.CODE_ONLY: "--code-only",
        }[self]

    @property
    def command(self) -> str:
        """The command that rolls back in this mode."""
        return "rollback" if self is Mode.RESTORE else f"rollback {self.option}"


@common_options
def rollback(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="BACKUP",
            help='Roll back to this backup: an id, "latest", or a release with a single backup.',
            autocompletion=completion.backups,
        ),
    ] = "",
    restore: Annotated[bool, typer.Option("--restore", hidden=True)] = False,
    migration: Annotated[
        bool,
        typer.Option(
            "--migration",
            help="Roll back the images, and newer migrations by their down migrations; keep rows.",
        ),
    ] = False,
    code_only: Annotated[
        bool,
        typer.Option("--code-only", help="Roll back images only; keep schema and data."),
    ] = False,
    all_: ShowAll = False,
    wait: Wait = 0.0,
    *,
    from_other_stack: Annotated[
        bool,
        typer.Option(
            "--from-other-stack",
            help="Restore a backup of another project, database or database server; --to names it"
            " by its id.",
        ),
    ] = False,
    include: RollbackInclude = None,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Roll back to the release of a backup.

    Without --to, list the backups to choose from: the ten newest; with --all or --json, all of
    them.

    With --to alone, images, schema and data are rolled back, and everything written since the
    backup is lost: the command shows what would be lost, and asks. The rollback first backs up the
    present state. From then on until the older release has been checked, clients get 503 with
    Retry-After; if `maintenance.file` is not set, their connections are refused. Until clients are
    let in again, a failure undoes the whole rollback.

    With --migration, down migrations undo the newer migrations in place of a restore, and newer
    rows stay; all else is the same.

    If the stack has no database, only the images are rolled back, as with --code-only.

    A backup that names another project, database or database server is refused. To replace this
    stack's data by such a backup anyway, name the backup by its id and add --from-other-stack.

    Infrastructure stays as it is, with one exception: if only the code is rolled back, --include
    also rolls back a proxy whose image the stack builds.

    \b
    Examples:
      cosmicdeploy rollback
      cosmicdeploy rollback --to latest
      cosmicdeploy rollback --to 20261126-211622-d21b --code-only
    """
    selected = {Mode.RESTORE: restore, Mode.MIGRATION: migration, Mode.CODE_ONLY: code_only}
    modes = [mode for mode, is_selected in selected.items() if is_selected]
    if to and all_:
        raise typer.BadParameter("--all is for the list of backups: leave out --to")
    if include and not to:
        raise typer.BadParameter("--include needs --to")
    if from_other_stack and not to:
        raise typer.BadParameter("--from-other-stack restores one backup's data: add --to ID")
    if from_other_stack and (migration or code_only):
        raise typer.BadParameter(
            "--from-other-stack restores data: it excludes --migration and --code-only"
        )
    options = _Options(wait, include or (), show_all=all_, from_other_stack=from_other_stack)
    run_command("rollback", terminal, lambda call: _rollback(call, config, to, modes, options))


@dataclass(frozen=True)
class _Options:
    """The options apart from the backup and the mode."""

    wait: float
    include: Sequence[str]
    show_all: bool
    from_other_stack: bool


def _rollback(
    call: Call, config: Path | None, to: str, modes: list[Mode], options: _Options
) -> Report:
    from cosmicdeploy.cli.page import with_page
    from cosmicdeploy.cli.reporting import run_report, with_notices
    from cosmicdeploy.context.younger_services import fates, younger_lines
    from cosmicdeploy.database.backups.owner import FROM_OTHER_STACK
    from cosmicdeploy.earlier_release import as_of_backup
    from cosmicdeploy.errors import UsageError
    from cosmicdeploy.journal.run_kind import RunCommand, RunKind
    from cosmicdeploy.operations.notices import show_notices
    from cosmicdeploy.operations.recorder import recorder_of
    from cosmicdeploy.operations.rollback_preview import foreign_target, rollback_target
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.runs.execute import rollback
    from cosmicdeploy.workspace import open_playbook, open_stack

    if len(modes) > 1:
        selected = " and ".join(m.option for m in modes)
        raise UsageError(f"{selected} exclude each other", todo="use only one of them")
    mode = modes[0] if modes else Mode.RESTORE
    # These options mean a rollback, so the list of backups would not be what the operator wants.
    if not to and (modes or options.wait or call.terminal.yes):
        raise UsageError(
            "No backup is named", where=mode.command, todo="add --to ID or --to latest"
        )
    view = ProgressView(call.terminal.console)
    ctx = open_stack(config, call.event_handler(view))
    if not to:
        return _list(call, ctx, show_all=options.show_all)
    mode = _possible_mode(ctx, mode, to)
    if modes == [Mode.RESTORE]:
        ctx.warn("--restore does nothing, since restoring is the default: leave it out")
    target = foreign_target(ctx, to) if options.from_other_stack else rollback_target(ctx, to)
    if target.from_future:
        ctx.catalogue.warn(f"{target.id} is used because --to names it: {target.from_future}")
    if target.foreign:
        ctx.warn(f"the data of {target.id} replaces this stack's, although {target.foreign}")
    ctx = ctx.with_run(from_other_stack=options.from_other_stack)
    ctx = _including(ctx, options.include, target, mode)
    for line in younger_lines(fates(ctx, target.manifest), data_go_back=mode is not Mode.CODE_ONLY):
        ctx.warn(line)
    call.terminal.require_yes(_question(call, ctx, mode, target))
    ctx = as_of_backup(ctx, target.manifest)
    with view:
        notices = show_notices(ctx)
        playbook = open_playbook(ctx.loaded, mode.value, ctx.warn)
        line = f"{mode.command} {FROM_OTHER_STACK}" if options.from_other_stack else mode.command
        command = RunCommand(line=line, kind=RunKind.ROLLBACK)
        recorder = recorder_of(command.kind)
        run, traffic = rollback(ctx, command, playbook, target, options.wait, recorder)
        return with_page(call, run.ctx, with_notices(run_report(call, run, traffic), notices))


def _including(ctx: Context, words: Sequence[str], target: Backup, mode: Mode) -> Context:
    """Return the context of a rollback that includes the infrastructure which `words` name.

    Warns about each infrastructure service that stays on another image than the backup's. Raises
    `UsageError` for an unknown word and for a service that cannot be rolled back.
    """
    from cosmicdeploy.operations.inclusion import included_in_rollback, left_newer

    images, code_only = target.manifest.images, mode is Mode.CODE_ONLY
    included = included_in_rollback(ctx, words, images, code_only=code_only)
    ctx = ctx.with_run(included=included)
    for name in left_newer(ctx, images):
        is_possible = code_only and name == ctx.settings.services.proxy
        todo = f": --include {name} rolls it back too" if is_possible else ""
        ctx.warn(f"{name} keeps running its newer image{todo}")
    return ctx


def _list(call: Call, ctx: Context, *, show_all: bool) -> Report:
    from cosmicdeploy.operations.rollback_preview import candidates, losses
    from cosmicdeploy.report.views.rollback import loss_row, show_losses, show_releases

    rows = losses(ctx, candidates(ctx))
    if not call.terminal.json:
        show = show_losses if ctx.has_database else show_releases
        show(call.terminal.console, rows, show_all=show_all)
    return call.report(outcome="done", data=[loss_row(loss) for loss in rows])


def _possible_mode(ctx: Context, mode: Mode, to: str) -> Mode:
    """Return the given mode; if the stack has no database, return `CODE_ONLY` for `RESTORE`.

    For `MIGRATION`, raises `NotConfigured` if the stack has no database or no migrations, and
    `Refused` if the framework that runs the migrations cannot go back.
    """
    from cosmicdeploy.steps.schema.asking.listing import none_is_run
    from cosmicdeploy.steps.schema.down import require_can_go_back

    if mode is Mode.MIGRATION:
        what = "The stack has no database, so no migration can be rolled back"
        ctx.require_database(what, f"roll back the code: `cosmicdeploy rollback --to {to}`")
        if not ctx.framework.runs_migrations:
            raise none_is_run(ctx)
        require_can_go_back(ctx, to)
    return mode if ctx.has_database else Mode.CODE_ONLY


def _question(call: Call, ctx: Context, mode: Mode, target: Backup) -> str:
    """Return the question to ask before a rollback.

    First prints what clients will notice (unless only the code is rolled back) and which rows would
    be lost (if the data is rolled back).
    """
    from cosmicdeploy.database.backups.owner import source_of
    from cosmicdeploy.operations.rollback_preview import losses
    from cosmicdeploy.probes.maintenance import maintenance_notice
    from cosmicdeploy.report.views.rollback import show_loss

    release = target.manifest.release_text or "unknown"
    if mode is Mode.CODE_ONLY:
        stays = "Schema and data stay as they are" if ctx.has_database else NOTHING_ELSE
        return f"Roll back the code to release {release}? {stays}"
    call.terminal.console.print(maintenance_notice(ctx), soft_wrap=True)
    if mode is Mode.MIGRATION:
        return f"Roll back to release {release} and undo the migrations run since?"
    show_loss(call.terminal.console, losses(ctx, [target])[0])
    whose = f": data of {source_of(target.manifest)}" if target.foreign else ""
    return f"Roll back to {target.id} (release {release}){whose}?"
