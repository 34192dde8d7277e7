"""Read HAProxy's configuration: from its container if it runs, else from the mounted files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.declared.unread import nothing_mounted
from cosmicdeploy.proxy.haproxy.configuration import Section, parse
from cosmicdeploy.proxy.haproxy.declared import DeclaredHAProxy
from cosmicdeploy.proxy.haproxy.process import HAProxy, find_haproxy, require_valid


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The sections of HAProxy's configuration.

    `haproxy` is None if HAProxy does not run: then the sections are those of the mounted files.
    """

    sections: Sequence[Section]
    haproxy: HAProxy | None = None

    @property
    def source(self) -> str:
        return "HAProxy's configuration" if self.haproxy else "the mounted files of HAProxy"


def read_haproxy(ctx: Context) -> Reading:
    """Return the configuration with which HAProxy would start now.

    Raises `ConfigError` if HAProxy would not start with it, and `ProbeFailed` if HAProxy neither
    runs nor has configuration among its mounts.
    """
    if haproxy := find_haproxy(ctx):
        require_valid(ctx, haproxy)
        return Reading(sections=haproxy.sections, haproxy=haproxy)
    name = str(ctx.settings.services.proxy)
    files = DeclaredHAProxy().files(ctx.service(name))
    if not files:
        raise nothing_mounted(ctx, name, "HAProxy")
    return Reading(sections=parse({each.target: each.text for each in files}))
