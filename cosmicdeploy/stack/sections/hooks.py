"""Read the commands that run in a container around its start and stop."""

from __future__ import annotations

from cosmicdeploy.stack.model import Hook
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.sections.command import command_words
from cosmicdeploy.stack.values.compose_value import ComposeValue

_KEYS = ("command", "environment", "privileged", "user", "working_dir")


def read_hooks(entry: ComposeValue | None, scope: Scope) -> tuple[Hook, ...]:
    """Return the hooks of `post_start` or `pre_stop`, in their order."""
    return () if entry is None else tuple(_hook(item, scope) for item in entry.items())


def _hook(item: ComposeValue, scope: Scope) -> Hook:
    item.mapping(_KEYS)
    command, environment = item.get("command"), item.get("environment")
    if command is None:
        raise item.error("has no command", "add 'command: …'")
    return Hook(
        command=command_words(command),
        user=item.optional("user", ComposeValue.text) or "",
        privileged=item.optional("privileged", ComposeValue.flag) or False,
        working_dir=item.optional("working_dir", ComposeValue.text) or "",
        environment=environment.pairs_from_variables(scope.variables) if environment else {},
    )
