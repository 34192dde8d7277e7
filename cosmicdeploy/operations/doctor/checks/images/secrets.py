"""Check that no image holds a secret, which everyone who has the image can read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.building.dockerfile.assigned import assigned
from cosmicdeploy.engine.building.source import read_source
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.operations.doctor.builds import declared_builds, declared_images
from cosmicdeploy.operations.doctor.combining import attempted, holding
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome
from cosmicdeploy.stack.model import Build
from cosmicdeploy.text.secret_names import is_secret

LOST = "everyone with access to the image, or to its registry, can read them"
TODO = (
    "revoke these secrets and create new ones; pass those to the container (first line, for the"
    " compose file) or to a command of the build (second line, for the Dockerfile):"
)
GIVEN = 'environment: {{{name}: "${{{name}}}"}}'
MOUNTED = "RUN --mount=type=secret,id={id} COMMAND  # it reads /run/secrets/{id}"
# Lines of an image's history: `ENV A=b`, `/bin/sh -c #(nop)  ENV A=b`, and the arguments with which
# a RUN was built, `|2 A=b C=d /bin/sh -c …`. History quotes values, or does not.
SET = re.compile(r"^(?:/bin/sh -c #\(nop\)\s+)?(?:ENV|ARG)\s+(?P<rest>.*)", re.DOTALL)
ARGUMENTS = re.compile(r"^(?:RUN\s+)?\|(?P<count>\d{1,3})\s+(?P<rest>.*)", re.DOTALL)
PAIR = re.compile(r"(?:^|\s)(?P<name>[A-Za-z_]\w*)=(?P<value>\"(?:[^\"\\]|\\.)*\"|[^\s]*)")
# Longer lines are cut, and further lines are skipped: no person wrote such instructions.
LONGEST, MOST = 20_000, 1000


def secrets(ctx: Context) -> Outcome:
    """Look for secrets in images (environment, history), build arguments and Dockerfiles."""
    outcome = attempted(
        *(partial(_of_image, ctx, image) for image in declared_images(ctx)),
        *(partial(_of_builds, *pair) for pair in declared_builds(ctx).items()),
    )
    return holding(outcome, "no literal secret in images and builds")


def _of_image(ctx: Context, reference: str) -> Outcome:
    """Look into an image that the engine has; `_of_builds` covers one that is not built yet."""
    image = ctx.image(reference)
    if image is None:
        return Outcome()
    found = dict.fromkeys(_secret_names(image.environment), "its environment")
    lines = ctx.engine.image_history(reference)[:MOST]
    for name in (name for line in lines for name in names_in_history(line)):
        found.setdefault(name, "its history (`docker history`)")
    return _outcome(f"image {reference}", found)


def names_in_history(line: str) -> Iterator[str]:
    """Yield the names of the secrets that a line of an image's history sets."""
    line = line[:LONGEST]
    if match := SET.match(line):
        pairs = list(PAIR.finditer(match["rest"]))
    elif match := ARGUMENTS.match(line):
        pairs = list(PAIR.finditer(match["rest"]))[: int(match["count"])]
    else:
        return
    yield from _secret_names({each["name"]: each["value"].strip('"') for each in pairs})


def _of_builds(image: str, builds: Sequence[Build]) -> Outcome:
    """Look into Dockerfiles and build arguments, which end up in the history of the image.

    A secret that both have is reported once, as a build argument.
    """
    found: dict[str, str] = {}
    for build in builds:
        found |= dict.fromkeys(_secret_names(build.args), "build.args of the compose file")
    for build in builds:
        found = {**dict(_in_dockerfile(build)), **found}
    return _outcome(f"build of {image}", found)


def _in_dockerfile(build: Build) -> Iterator[tuple[str, str]]:
    """Yield the secrets that a Dockerfile sets, and where."""
    try:
        source = read_source(build)
    except ConfigError:  # the check `builder` reports it
        return
    for instruction in source.dockerfile.instructions:
        if instruction.keyword in ("ARG", "ENV"):
            pairs = {name: value or "" for name, value in assigned(instruction)}
            for name in _secret_names(pairs):
                yield name, f"{source.where}:{instruction.line}"


def _secret_names(pairs: Mapping[str, str]) -> Iterable[str]:
    return [name for name, value in pairs.items() if is_secret(name, value)]


def _outcome(about: str, found: Mapping[str, str]) -> Outcome:
    if not found:
        return Outcome()
    places: dict[str, list[str]] = {}
    for name, place in found.items():
        places.setdefault(place, []).append(name)
    why = "; ".join(f"{', '.join(names)} in {place}" for place, names in places.items())
    first = next(iter(found))
    lines = (GIVEN.format(name=first), MOUNTED.format(id=first.lower()))
    flaw = Flaw(stake="secrets", loses=LOST, why=f"{about}: {why}", todo=TODO, lines=lines)
    return Outcome(flaws=(flaw,))


CHECK = Check(name="secrets", about="no image holds a secret", run=secrets, seconds=30.0)
