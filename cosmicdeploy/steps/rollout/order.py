"""The order in which a rollout replaces applications and services without a role."""

from __future__ import annotations

from collections.abc import Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.stack.order import in_order_of_dependencies, needed_by


def replaced_together(ctx: Context) -> Sequence[Sequence[str]]:
    """Return what is replaced together: each application, and each service without a role.

    What others depend on comes first. Otherwise the order is: services without a role that
    an application needs, the applications as in the settings, and the rest.
    """
    settings = ctx.settings
    released = [settings.released_by(each) for each in settings.all_applications]
    needed = needed_by(ctx.stack, set(settings.services.released))
    first = [(name,) for name in settings.services.other if name in needed]
    last = [(name,) for name in settings.services.other if name not in needed]
    return in_order_of_dependencies(ctx.stack, [*first, *released, *last])
