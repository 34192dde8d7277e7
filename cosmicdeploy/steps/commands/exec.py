"""The step `exec`: run any command in a service's container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.commands.abandoned_commands import terminated_on_error
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.steps.commands.command import CommandStep
from cosmicdeploy.steps.service_names import running_named, services_of_step


class ExecStep(CommandStep):
    """Run a command in a service's container.

    In the database's container, the variable MYSQL_PWD has the password; in that of Redis,
    REDISCLI_AUTH has it.
    """

    kind: ClassVar[str] = "exec"

    service: str = Field(description="A service, or a role: its first running service.")

    @property
    def command(self) -> str:
        return f"{self.kind} {self.service} {' '.join(self.run)}"

    def require(self, ctx: Context) -> None:
        services_of_step(ctx, [self.service], self.place)

    def call(self, ctx: Context, words: Sequence[str]) -> ExecResult:
        name, container = running_named(ctx, self.service)
        with terminated_on_error(ctx.engine, container.id) as marker:
            return ctx.engine.exec(
                container.id,
                words,
                environment={**client_environment(ctx, name), **marker},
                silence=ctx.settings.migrate.timeout,
            )


def client_environment(ctx: Context, service: str) -> Mapping[str, str]:
    """Return the variable with the password for a client in the database's or cache's container.

    Empty for any other service, and if the password is not set. A variable, not an argument: the
    engine shows a command's arguments, but not its environment.
    """
    settings, variables = ctx.settings, ctx.loaded.variables
    if settings.database is not None and service == settings.services.database:
        name, variable = "MYSQL_PWD", settings.database.password_variable
    elif settings.cache.password_variable and service == settings.services.cache:
        name, variable = "REDISCLI_AUTH", settings.cache.password_variable
    else:
        return {}
    password = variables.get(variable)
    return {name: password} if password else {}
