"""Check that each image can be built as written, and by what."""

from __future__ import annotations

from collections import defaultdict

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, Refused
from cosmicdeploy.operations.doctor.checks.host.engine import REFUSED
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, flaw_of
from cosmicdeploy.stack.model import Build


def builder(ctx: Context) -> Outcome:
    """Find the builder of each image that the compose file builds; build nothing."""
    images_by_builder, flaws = defaultdict[str, list[str]](list), list[Flaw]()
    for image, build in _builds(ctx).items():
        try:
            images_by_builder[ctx.engine.builder_of(build)].append(image)
        except (Refused, ConfigError) as error:
            flaws.append(flaw_of(error, "deploy", REFUSED))
    found = (f"{name} builds {', '.join(built)}" for name, built in images_by_builder.items())
    nothing = "" if flaws else "no image is built"
    return Outcome(found="; ".join(found) or nothing, flaws=tuple(flaws))


def _builds(ctx: Context) -> dict[str, Build]:
    """Return the builds by the names of their images; several services may share one."""
    services = ctx.settings.services
    declared = (ctx.service(name) for name in (*services.all, *services.one_shot))
    return {each.image: each.build for each in declared if each.build}


CHECK = Check(name="builder", about="each image can be built as written", run=builder, seconds=30.0)
