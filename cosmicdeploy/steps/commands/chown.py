"""The step `chown`: make the application's user the owner of a file that it cannot write."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.application.writable import find_unwritable
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged

ROOT = "root"


class ChownStep(Step):
    """Make the application's user (app.user) the owner of a file in a service's container.

    If the file does not exist, changes the owner of its folder.
    """

    kind: ClassVar[str] = "chown"

    service: str = Field(description="A service of the compose file.")
    path: PurePosixPath = Field(description="The file, in its container.")

    def check(self, ctx: Context) -> Change | Unchanged:
        unwritable = find_unwritable(ctx, ctx.running(self.service), self.path)
        if unwritable is None:
            return Unchanged(reason=f"{self.path} in {self.service} is writable")
        return Change(
            summary=f"change the owner of {unwritable.path} in {self.service} from"
            f" {unwritable.owner} to {ctx.console_user}",
            before={"path": unwritable.path, "owner": unwritable.owner},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        self._chown(ctx, ctx.running(self.service), ctx.console_user, change.before["path"])
        return {"path": change.before["path"], "owner": ctx.console_user}

    def undo(self, ctx: Context, change: Change) -> None:
        owner, path = change.before["owner"], change.before["path"]
        self._chown(ctx, ctx.running(self.service), owner, path)

    def _chown(self, ctx: Context, container: Container, owner: str, path: str) -> None:
        # Many containers drop all capabilities; without CAP_CHOWN, root cannot change an owner.
        argv = ["chown", owner, path]
        result = ctx.engine.exec_as(ROOT, container.id, argv, privileged=True)
        if result.exit_code != 0:
            raise CosmicError(
                f"The owner of {path} cannot be changed to {owner}: {result.error_text.strip()}",
                where=self.service,
                todo="run chown by hand, on the host if the file is mounted from there",
            )
