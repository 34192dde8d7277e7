"""The step `chown`: give a file that the application cannot write to the application's user."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.application.writable import find_unwritable
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged

ROOT = "root"


class ChownStep(Step):
    """Give a file in a service's container to the user that the application runs as (app.user).

    If the file does not exist, its folder.
    """

    kind: ClassVar[str] = "chown"

    service: str = Field(description="A service of the compose file.")
    path: PurePosixPath = Field(description="The file, in its container.")

    def check(self, ctx: Context) -> Change | Unchanged:
        found = find_unwritable(ctx, ctx.running(self.service), self.path)
        if found is None:
            return Unchanged(reason=f"{self.path} in {self.service} can be written to")
        return Change(
            summary=f"give {found.path} in {self.service} from {found.owner} to {ctx.console_user}",
            before={"path": found.path, "owner": found.owner},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        self._give(ctx, ctx.running(self.service), ctx.console_user, change.before["path"])
        return {"path": change.before["path"], "owner": ctx.console_user}

    def undo(self, ctx: Context, change: Change) -> None:
        owner, path = change.before["owner"], change.before["path"]
        self._give(ctx, ctx.running(self.service), owner, path)

    def _give(self, ctx: Context, container: Container, owner: str, path: str) -> None:
        result = ctx.engine.exec_as(ROOT, container.id, ["chown", owner, path])
        if result.exit_code != 0:
            raise CosmicError(
                f"{path} cannot be given to {owner}: {result.error_text.strip()}",
                where=self.service,
                todo="run chown by hand, on the host if the file is mounted from there",
            )
