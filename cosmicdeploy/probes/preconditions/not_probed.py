"""Notices about applications to which runs send no requests."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.reach import NotReached, reach
from cosmicdeploy.probes.result import StackNotice


def not_probed(ctx: Context) -> Iterator[StackNotice]:
    """Yield a notice for each application to which runs send no requests.

    Either no client reaches such an application, or the address that its clients use is unknown.
    Yields nothing if `probe.rate` is 0. Sends the requests that `reach` describes.
    """
    for application in ctx.settings.all_applications if ctx.settings.probe.rate else ():
        try:
            front = reach(ctx, application)
        except CosmicError:  # the proxy does not run, so nothing is known yet
            continue
        if isinstance(front, NotReached):
            yield StackNotice(
                kind="not probed",
                service=application.name if len(ctx.settings.all_applications) > 1 else "",
                what="no request of a run shows whether its clients notice the run:"
                f" {front.why[0].lower()}{front.why[1:]}",
                todo=front.todo,
            )
