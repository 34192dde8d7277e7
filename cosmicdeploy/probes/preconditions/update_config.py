"""Notices about the keys of `deploy.update_config` that a rollout does not follow."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.result import StackNotice
from cosmicdeploy.settings.pace import not_followed
from cosmicdeploy.stack.replicas import replicas_by_service


def not_followed_keys(ctx: Context) -> Iterator[StackNotice]:
    """Yield a notice for each key that a service's rollout does not follow."""
    services = ctx.settings.services
    for name, replicas in replicas_by_service(ctx.stack.services.values()).items():
        if replicas[0] not in services.all:
            continue
        for each in not_followed(ctx.settings, ctx.service(replicas[0])):
            key = each.key if each.key == "update_config" else f"update_config.{each.key}"
            yield StackNotice(
                kind="without effect",
                service=name,
                what=f"its deploy.{key} is not followed: {each.why}",
                todo="remove it, unless another tool reads it",
            )
