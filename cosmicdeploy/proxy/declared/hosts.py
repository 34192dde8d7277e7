"""Find out whether the requests of a run lack the host name by which the proxy recognizes them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.result import StackNotice
from cosmicdeploy.proxy.declared.kinds import kind_of
from cosmicdeploy.proxy.declared.passes import DeclaredHost, DeclaredPass, passes_to
from cosmicdeploy.stack.data_keepers import words_of

TODO = "set `probe.host: {name}` in cosmicdeploy.yaml"
TODO_TLS = TODO + ", and `probe.url` to the proxy's HTTPS address, such as https://127.0.0.1"


def lacking_host(ctx: Context) -> DeclaredHost | None:
    """Return the host name that requests to the main application have to carry, but do not.

    Returns None if they carry one, if they need none, or if the stack's files do not show it.
    """
    passes = list(_passes(ctx))
    if not passes or not all(each.needs_host for each in passes):
        return None
    hosts = {host.name.lower(): host for each in passes for host in each.hosts}
    return None if _sent(ctx).lower() in hosts else next(iter(hosts.values()), None)


def todo_of(host: DeclaredHost) -> str:
    """Return what to do so that requests carry a host name."""
    return (TODO_TLS if host.is_tls else TODO).format(name=host.name)


def host_notices(ctx: Context) -> Iterator[StackNotice]:
    """Yield a notice if no request of a run reaches the main application."""
    if (host := lacking_host(ctx)) and ctx.settings.probe.rate:
        application = ctx.settings.main_application
        yield StackNotice(
            kind="not probed",
            service=application.name if len(ctx.settings.all_applications) > 1 else "",
            what="no request of a run shows whether its clients notice the run: the proxy"
            f" recognizes requests to it by the host name {host.name} ({host.place})",
            todo=todo_of(host),
        )


def _passes(ctx: Context) -> Iterator[DeclaredPass]:
    """Yield what passes requests from the proxy to the main application, in the stack's files."""
    application, services = ctx.settings.main_application, ctx.stack.services
    service = services.get(ctx.settings.services.proxy or "")
    kind = kind_of(service, words_of(service.image)) if service is not None else None
    if service is None or kind is None or not application.is_reached:
        return
    in_files = kind.passes_in({str(each.source): each.text for each in kind.files(service)})
    for replica in (services[name] for name in application.services if name in services):
        yield from passes_to(replica, in_files)
        if (by_label := kind.pass_of(replica)) is not None:
            yield by_label


def _sent(ctx: Context) -> str:
    """Return the host, without a port, that requests to the main application name.

    Returns "" if the settings name none: then requests go to the address of the proxy's port.
    """
    settings = ctx.settings
    declared = settings.main_application.reached_at or ""
    if declared and not declared.startswith("/"):
        return urlsplit(declared).hostname or ""
    host = settings.probe.host or urlsplit(settings.probe.url or "").netloc
    return host.partition(":")[0]
