"""The frontend of a build: the program that parses the Dockerfile.

The frontend is the image that the build argument BUILDKIT_SYNTAX names. Without that argument, it
is the image that the Dockerfile's line '# syntax=' names. Without either, the engine parses the
Dockerfile itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.engine.building.recipe import Recipe

_ARGUMENT = "BUILDKIT_SYNTAX"
# The frontends whose instructions this package can parse.
_KNOWN = ("docker/dockerfile", "docker/dockerfile-upstream")


@dataclass(frozen=True, kw_only=True)
class Frontend:
    """The frontend of a build.

    `image` is "" if the engine itself parses the Dockerfile. `declared_by` describes for messages
    where the image is named; "" if it is named nowhere. `line` is the number of the Dockerfile's
    line that names the image; 0 if no line does.
    """

    image: str
    declared_by: str = ""
    line: int = 0

    @property
    def is_known(self) -> bool:
        """Whether this package can parse the frontend's instructions.

        Only then are the files known that a build reads.
        """
        name = self.image.removeprefix("docker.io/").partition("@")[0].partition(":")[0]
        return not self.image or name in _KNOWN


def frontend(recipe: Recipe) -> Frontend:
    """Return the frontend that parses the Dockerfile of a build."""
    if _ARGUMENT in recipe.build.args:
        return Frontend(
            image=_image(recipe.build.args[_ARGUMENT]),
            declared_by=f"the build argument {_ARGUMENT} (build.args in the compose file)",
        )
    line, value = recipe.source.dockerfile.directives.get("syntax", (0, ""))
    return Frontend(image=_image(value), declared_by="the line '# syntax='", line=line)


def _image(value: str) -> str:
    """Return the image that a declaration names; after a space, options may follow."""
    return value.strip().partition(" ")[0]
