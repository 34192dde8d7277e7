"""The step `chown`: make the application's user the owner of a file that it cannot write."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import PurePosixPath
from posixpath import normpath
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.application.writable import find_unwritable
from cosmicdeploy.stack.model.mounts import innermost_target
from cosmicdeploy.stack.model.service import Service
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.infrastructure.notices import include_command

ROOT = "root"
CHOWN_SECONDS = 60.0
NO_NEW_PRIVILEGES = "no-new-privileges"


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
        argv = ["chown", owner, path]
        service = ctx.service(self.service)
        if is_shareable(service, container, path):
            # Root in the container itself may lack CAP_CHOWN: because of `cap_drop`, or because of
            # `no-new-privileges` if the container's own user is not root.
            result = ctx.engine.run_oneoff(
                _as_root(service),
                argv,
                image=container.image_id,
                project=ctx.stack.project,
                timeout=CHOWN_SECONDS,
            )
        else:
            result = ctx.engine.exec_as(ROOT, container.id, argv)
        if result.exit_code != 0:
            raise CosmicError(
                f"The owner of {path} cannot be changed to {owner}: {result.error_text.strip()}",
                where=self.service,
                todo=_todo(ctx, service, container, path),
            )


def is_shareable(service: Service, container: Container, path: str) -> bool:
    """Whether the path is in a mount of the container that another container can mount as well.

    Volumes and folders of the host are such mounts. A tmpfs is not: another container gets an empty
    tmpfs of its own.
    """
    target = innermost_target(container.mounts, path)
    return target != "" and not _is_tmpfs(service, target)


def chown_command(service: Service, container: Container, owner: str, path: str) -> str:
    """Return the `docker` command that makes `owner` (shell text) the owner of a path.

    Files below the path keep their owners, since they may belong to other services. The command
    needs no capabilities of the container if the path is in a volume or in a folder of the host.
    """
    words = f"{owner} {shlex.quote(path)}"
    if is_shareable(service, container, path):
        run = f"docker run --rm -u root --network none --volumes-from {container.name}"
        return f"{run} --entrypoint chown {container.image_id} {words}"
    return f"docker exec -u root {container.name} chown {words}"


def open_tmpfs(ctx: Context, name: str, target: str) -> str:
    """Return how to permanently let other users than root write to a service's tmpfs.

    A tmpfs is empty at each start of its container, and its options in the compose file determine
    its owner.
    """
    is_infrastructure = name in ctx.settings.services.infrastructure
    deploy = include_command(name) if is_infrastructure else "`cosmicdeploy deploy`"
    return (
        f"declare who may write to it: in the compose file, `tmpfs: {target}:mode=1777` (or"
        f" `uid=UID,gid=GID`, numbers only); then {deploy}"
    )


def _is_tmpfs(service: Service, target: str) -> bool:
    mounts = (mount for mount in service.mounts if mount.target == normpath(target))
    return any(mount.type == "tmpfs" for mount in mounts)


def _todo(ctx: Context, service: Service, container: Container, path: str) -> str:
    target = innermost_target(container.mounts, path)
    if _is_tmpfs(service, target):
        return open_tmpfs(ctx, service.name, target)
    return "run chown by hand, on the host if the file is mounted from there"


def _as_root(service: Service) -> Service:
    """Return the service with root as its user, and without limits on what root may do.

    Its container gets the engine's default capabilities, and no `no-new-privileges`.
    """
    options = [each for each in service.security_opt if not each.startswith(NO_NEW_PRIVILEGES)]
    return replace(service, user=ROOT, cap_drop=(), cap_add=(), security_opt=tuple(options))
