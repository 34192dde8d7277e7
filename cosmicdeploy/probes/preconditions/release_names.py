"""Refuse a release whose name no response header can carry."""

from __future__ import annotations

import re

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import release_ahead
from cosmicdeploy.errors import ConfigError

# Visible ASCII, and blanks inside. HTTP strips blanks at both ends, and servers differ in how they
# encode other characters (RFC 9110, section 5.5).
CARRIED = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# Web servers and proxies limit the total length of a response's headers to some thousand
# characters.
LONGEST = 256


def require_carried_releases(ctx: Context) -> None:
    """Raise `ConfigError` if the name of a release to deploy cannot be sent in a response header.

    Without this check, the deploy would build, and then find that the new image answers as another
    release. Applications without `release_header` or without a known release are not checked.
    """
    for application in ctx.settings.all_applications:
        header, release = application.release_header, release_ahead(ctx, application)
        if not (header and release) or (CARRIED.fullmatch(release) and len(release) <= LONGEST):
            continue
        is_long = len(release) > LONGEST
        raise ConfigError(
            f"The header {header} cannot carry the release {release!a}",
            where=application.release_variable,
            todo=f"shorten it to {LONGEST} characters"
            if is_long
            else "use letters, digits, dots and dashes only, such as 2026.11.30-1",
        )
