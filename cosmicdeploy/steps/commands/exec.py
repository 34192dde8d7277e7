"""The step `exec`: run any command in a service's container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.engine.commands.abandoned_commands import terminated_on_error
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.steps.commands.command import CommandStep
from cosmicdeploy.steps.service_names import running_named, wanted_services


class ExecStep(CommandStep):
    """Run a command in a service's container. The database's finds the password in MYSQL_PWD."""

    kind: ClassVar[str] = "exec"

    service: str = Field(description="A service, or a role: its first running one.")

    @property
    def command(self) -> str:
        return f"{self.kind} {self.service} {' '.join(self.run)}"

    def require(self, ctx: Context) -> None:
        wanted_services(ctx, [self.service], self.place)

    def call(self, ctx: Context, words: Sequence[str]) -> ExecResult:
        name, place = running_named(ctx, self.service)
        with terminated_on_error(ctx.engine, place.id) as mark:
            return ctx.engine.exec(
                place.id,
                words,
                environment={**client_environment(ctx, name), **mark},
                silence=ctx.settings.migrate.timeout,
            )


def client_environment(ctx: Context, service: str) -> Mapping[str, str]:
    """Return the environment from which the database's clients take their password.

    So it is in no command line; the engine does not show a command's environment.
    """
    if service != ctx.settings.services.database:
        return {}
    password = ctx.loaded.variables.get(ctx.settings.database.password_variable)
    return {"MYSQL_PWD": password} if password else {}
