"""Check that each image can be built as written, and by what."""

from __future__ import annotations

from collections import defaultdict

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, Refused
from cosmicdeploy.operations.doctor.builds import declared_builds
from cosmicdeploy.operations.doctor.checks.host.engine import REFUSED
from cosmicdeploy.operations.doctor.combining import holding
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, flaw_of


def builder(ctx: Context) -> Outcome:
    """Find the builder of each image that the compose file builds; build nothing."""
    images_by_builder, flaws = defaultdict[str, list[str]](list), list[Flaw]()
    for image, builds in declared_builds(ctx).items():
        try:
            names = [ctx.engine.builder_of(each) for each in builds]
            images_by_builder[names[0]].append(image)  # named once, with its first builder
        except (Refused, ConfigError) as error:
            flaws.append(flaw_of(error, "deploy", REFUSED))
    found = [f"{name} builds {', '.join(images)}" for name, images in images_by_builder.items()]
    return holding(Outcome(found="; ".join(found), flaws=tuple(flaws)), "no image is built")


CHECK = Check(name="builder", about="each image can be built as written", run=builder, seconds=30.0)
