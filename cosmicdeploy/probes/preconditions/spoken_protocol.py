"""Refuse a run whose settings name another protocol than a running replica speaks."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.reachable import reachable_address
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.probes.http import FASTCGI, send_request
from cosmicdeploy.probes.urls import container_url, is_requested
from cosmicdeploy.settings import Application


def require_spoken_protocols(ctx: Context) -> None:
    """Raise `ConfigError` if a replica speaks HTTP but the settings say FastCGI, or the reverse.

    Sends a request to one running replica of each application. If it gets no response, sends a
    second request in the other protocol.
    """
    for application in ctx.settings.all_applications:
        for name in application.services:
            container = ctx.container(name)
            if container is None or not container.is_running:
                continue
            if problem := wrong_protocol(application, container):
                raise ConfigError(
                    f"{name}: {problem}",
                    where=str(ctx.loaded.file),
                    todo=_todo(application),
                )
            break


def wrong_protocol(application: Application, container: Container) -> str:
    """Return, as text, which protocol a running replica speaks instead of the configured one.

    Returns "" if the replica speaks the configured protocol, if it answers neither HTTP nor
    FastCGI, or if the deployer sends it no requests.
    """
    if not is_requested(container, application):
        return ""
    try:
        url = container_url(container, application)
        host, port = reachable_address(container, application.port)
    except EngineError:
        return ""
    if not send_request(url + application.health_path).error:
        return ""
    other = FASTCGI if application.is_http else "http"
    if send_request(f"{other}://{host}:{port}{application.health_path}").error:
        return ""
    spoken, named = ("FastCGI", "HTTP") if application.is_http else ("HTTP", "FastCGI")
    return f"port {application.port} speaks {spoken}, not {named}"


def _todo(application: Application) -> str:
    section = application.section
    if not application.is_http:
        return f"set {section}.protocol to http"
    return (
        f"set {section}.protocol to fastcgi, and {section}.script to the script that answers"
        f" {application.health_path}"
    )
