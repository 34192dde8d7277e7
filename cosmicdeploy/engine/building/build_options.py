"""Refuse keys of a build section that the builder would not apply."""

from __future__ import annotations

from dataclasses import fields

from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.model import Build

_APPLIED = ("context", "dockerfile", "args", "target", "labels")


def refuse_unapplied_options(build: Build) -> None:
    """Raise `Refused` if the build section has a key that the builder would not apply."""
    plain = Build(context=build.context)
    keys = [
        each.name
        for each in fields(build)
        if each.name not in _APPLIED and getattr(build, each.name) != getattr(plain, each.name)
    ]
    if keys:
        raise Refused(
            f"The builder does not apply build.{', build.'.join(keys)}",
            where=str(build.context),
            todo="remove it from the build section of the compose file, or build the image with"
            " `docker compose build` and give the service its name as 'image:' alone",
        )
