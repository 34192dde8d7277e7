"""What is known about the image of a service: from its Dockerfile, and from the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.declared import one_line
from cosmicdeploy.engine import Image

Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What an image says about its containers; None for what is unknown or not set.

    A `healthcheck` without words says that the containers have none.
    `names` are the names of the image itself, if the compose file declares one, and of the images
    that it starts from. `is_complete` means that nothing else can add a port or a command.
    """

    ports: tuple[Fact[int], ...] = ()
    entrypoint: Fact[Words] | None = None
    command: Fact[Words] | None = None
    healthcheck: Fact[Words] | None = None
    working_directory: Fact[str] | None = None
    user: Fact[str] | None = None
    variables: Mapping[str, Fact[str]] = field(default_factory=dict, repr=False)
    names: Words = ()
    is_complete: bool = False

    def over(self, base: ImageFacts) -> ImageFacts:
        """Return the facts of an image that starts from `base`, and sets what these facts have."""
        # A Dockerfile that sets ENTRYPOINT drops the command of its base image.
        inherited = base.command if self.entrypoint is None else None
        known = {fact.value for fact in self.ports}
        return ImageFacts(
            ports=(*self.ports, *(each for each in base.ports if each.value not in known)),
            entrypoint=self.entrypoint or base.entrypoint,
            command=self.command or inherited,
            healthcheck=self.healthcheck or base.healthcheck,
            working_directory=self.working_directory or base.working_directory,
            user=self.user or base.user,
            variables={**base.variables, **self.variables},
            names=tuple(dict.fromkeys((*self.names, *base.names))),
            is_complete=base.is_complete,
        )


def facts_of_image(image: Image | None, name: str) -> ImageFacts:
    """Return what the engine knows about an image; only its name if the engine lacks it.

    A `name` that is "" says nothing about the image.
    """
    names = (name,) if name else ()
    if image is None:
        return ImageFacts(names=names)
    evidence = f"image {one_line(name or image.id[:19])}"
    return ImageFacts(
        ports=tuple(Fact(value=port, evidence=evidence) for port in image.exposed),
        entrypoint=_fact(image.entrypoint, evidence),
        command=_fact(image.command, evidence),
        healthcheck=_fact(image.healthcheck, evidence),
        working_directory=_text(image.working_directory, evidence),
        user=_text(image.user, evidence),
        variables={
            key: Fact(value=each, evidence=evidence) for key, each in image.environment.items()
        },
        names=names,
        is_complete=True,
    )


def _fact(words: Words, evidence: str) -> Fact[Words] | None:
    return Fact(value=words, evidence=evidence) if words else None


def _text(text: str, evidence: str) -> Fact[str] | None:
    return Fact(value=text, evidence=evidence) if text else None
