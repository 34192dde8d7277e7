"""Say where the operator finds a file that is in the load balancer's container."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.draining.flag_files import declared_host_path
from cosmicdeploy.proxy.findings import Finding


def with_shown_places(
    ctx: Context,
    findings: Iterable[Finding],
    templates_of: Callable[[str], Iterable[str]] = lambda _: (),
) -> list[Finding]:
    """Return the findings with the places at which the operator finds their files.

    If a file is mounted, that is its path in the stack's folder or on this host. If a template is
    mounted from which the container writes the file, that is the template's path; `templates_of`
    returns the templates of a file. Any other file keeps its path in the container.
    """
    return [
        replace(each, place=_shown(ctx, each.place, templates_of)) if each.place else each
        for each in findings
    ]


def _shown(ctx: Context, place: str, templates_of: Callable[[str], Iterable[str]]) -> str:
    file, _, line = place.rpartition(":")
    for each in (file, *templates_of(file)):
        path = declared_host_path(ctx, each)
        if path is not None and path.exists():
            is_own = path.is_relative_to(ctx.stack.directory)
            return f"{path.relative_to(ctx.stack.directory) if is_own else path}:{line}"
    return f"{place} in {ctx.settings.services.proxy}"
