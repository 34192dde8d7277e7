"""Remove files that finished runs set aside in volumes and left there."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import FirstError
from cosmicdeploy.proxy.static_files import record
from cosmicdeploy.steps.static_files.renew import names_in_use, shell_of
from cosmicdeploy.steps.static_files.scripts import clean_script
from cosmicdeploy.steps.static_files.sources import journal_facts, source_of, users_of_volumes


def left_aside(ctx: Context) -> list[str]:
    """Return the volumes that still have files which finished runs had set aside."""
    if not record.volumes_aside(ctx, ()):
        return []  # `names_in_use` would read the journal
    return sorted(record.volumes_aside(ctx, names_in_use(ctx)))


def clean_up(ctx: Context) -> None:
    """Remove files that finished runs set aside in volumes and left there.

    An error is only reported: nothing depends on the removal, and the next run tries again.
    """
    left = left_aside(ctx)
    if not left:
        return
    errors = FirstError()
    with errors:
        for users in users_of_volumes(ctx):
            if users[0].volume in left and ctx.engine.volume_exists(users[0].volume):
                _clean(ctx, users[0].volume, journal_facts(ctx, source_of(ctx, users)))
    if errors.error:
        ctx.say(f"left for the next run to clean up: {errors.error.what}")
    else:
        record.drop_copies(ctx, names_in_use(ctx))


def _clean(ctx: Context, volume: str, facts: dict[str, object]) -> None:
    with shell_of(ctx, volume, facts) as shell:
        shell.run_file(clean_script(names_in_use(ctx)))
