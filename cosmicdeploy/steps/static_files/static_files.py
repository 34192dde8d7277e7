"""The step `static-files`: put the files of the new image into volumes that the proxy serves."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.step_kinds import STATIC_FILES
from cosmicdeploy.proxy.static_files import record
from cosmicdeploy.proxy.static_files.served import Served, files_of, holds_files_of
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.rollout.drift import is_renewed
from cosmicdeploy.steps.static_files.renew import (
    Facts,
    existing_image,
    names_in_use,
    remove_gone,
    renew,
    shell_of,
)
from cosmicdeploy.steps.static_files.scripts import PREFIX
from cosmicdeploy.steps.static_files.sources import (
    image_name,
    journal_facts,
    source_of,
    users_of_volumes,
)

NOT_SHARED = "no volume is shared with the proxy"
FILLED_BY_ITSELF = "the image has no files there: the application fills it itself, or it holds data"


class StaticFilesStep(Step):
    """Put the files of the new image into each volume that the proxy serves and the image fills.

    The engine fills such a volume only while it is empty. Files that only the former image has stay
    for one more release. A file with the same name in both images is replaced immediately for
    every container that mounts the volume.
    """

    kind: ClassVar[str] = STATIC_FILES
    # Each written file is compared with the image's file right after it was written.
    is_checked_again: ClassVar[bool] = False

    missing_only: bool = Field(
        default=False, description="Only fill volumes of services that have no running container."
    )

    def check(self, ctx: Context) -> Change | Unchanged:
        volumes, unchanged = {}, []
        for users in users_of_volumes(ctx):
            if self.missing_only and any(_is_running(ctx, each.service) for each in users):
                continue
            served = source_of(ctx, users)
            if why := _why_unchanged(ctx, served):
                unchanged.append(f"{served.volume}: {why}")
            else:
                volumes[served.volume] = journal_facts(ctx, served)
        if not volumes:
            return Unchanged(reason="; ".join(unchanged) or NOT_SHARED)
        return Change(
            summary="; ".join(_summary(name, facts) for name, facts in volumes.items()),
            before={"set_aside": uuid4().hex[:8], "volumes": volumes},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        return {
            "volumes": {
                volume: renew(ctx, volume, facts, change.before["set_aside"])
                for volume, facts in change.before["volumes"].items()
            }
        }

    def undo(self, ctx: Context, change: Change) -> None:
        name = change.before["set_aside"]
        for volume, facts in reversed(change.before["volumes"].items()):
            if ctx.engine.volume_exists(volume):
                with shell_of(ctx, volume, facts) as shell:
                    shell.undo(name)
                    if not facts["had_record"]:
                        shell.remove([record.ID_FILE])
            record.put_back(ctx, volume, name)

    def settle(self, ctx: Context, change: Change) -> None:
        name = change.before["set_aside"]
        for volume, facts in change.before["volumes"].items():
            with shell_of(ctx, volume, facts) as shell:
                remove_gone(ctx, volume, shell)
                shell.run('cd "$1" && rm -rf -- "$2"', PREFIX + name)
        record.drop_copies(ctx, names_in_use(ctx))


def _is_running(ctx: Context, service: str) -> bool:
    container = ctx.container(service)
    return container is not None and container.is_active


def _why_unchanged(ctx: Context, served: Served) -> str:
    """Return why the volume is left as it is; "" if a run changes it."""
    image = existing_image(ctx, served.service)
    if not is_renewed(ctx, image_name(ctx, served)) and holds_files_of(ctx, served, image.id):
        return f"has the files of {image.id[:19]}"
    return "" if files_of(ctx, image.id, served.mount.target) else FILLED_BY_ITSELF


def _summary(volume: str, facts: Facts) -> str:
    first_time = "" if facts["had_record"] else ", which no deploy has done before"
    return (
        f"put the files that the image of {facts['service']} has in {facts['target']} into the"
        f" volume {volume}{first_time}"
    )
