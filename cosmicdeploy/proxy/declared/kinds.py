"""What the stack's files show of each kind of load balancer, before any container runs.

This is the part of the seam for what has no running container yet: the settings of a first run, and
`adopt`. The other part is `LoadBalancer`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from cosmicdeploy.proxy.caddy.declared import DeclaredCaddy
from cosmicdeploy.proxy.declared.mounted import MountedFile
from cosmicdeploy.proxy.declared.passes import DeclaredPass, Switch
from cosmicdeploy.proxy.haproxy.declared import DeclaredHAProxy
from cosmicdeploy.proxy.nginx.declared import DeclaredNginx
from cosmicdeploy.proxy.traefik.declared import DeclaredTraefik
from cosmicdeploy.stack.model import Service, Stack


class DeclaredKind(Protocol):
    """A kind of load balancer, as far as files show it.

    `name` is the product's name for texts, `program` the name of its process, and `image_words` are
    the words by which the names of its images are recognized. `default_port` is the port of an
    upstream whose directive names none; None if more than the directive decides it. With
    `follows_container_health`, it sends a container no requests while the engine calls the
    container unhealthy.
    """

    @property
    def name(self) -> str: ...

    @property
    def program(self) -> str: ...

    @property
    def image_words(self) -> Collection[str]: ...

    @property
    def default_port(self) -> int | None: ...

    @property
    def follows_container_health(self) -> bool: ...

    def files(self, service: Service) -> Sequence[MountedFile]:
        """Return its configuration files that the compose file mounts into a service."""

    def passes_in(self, texts: Mapping[str, str]) -> Sequence[tuple[str, DeclaredPass]]:
        """Return the directives that pass requests on, each with a host that gets them.

        `texts` are configuration files by their paths, which `place` repeats. Returns none for
        files that the load balancer would not read.
        """

    def pass_of(self, service: Service) -> DeclaredPass | None:
        """Return the label or variable by which a service asks for requests; None without one."""

    def switches_in(self, text: str) -> Sequence[Switch]:
        """Return the files for which a configuration looks on each request."""


# If several programs run in one container, the first one in this order counts.
KINDS: Sequence[DeclaredKind] = (
    DeclaredNginx(),
    DeclaredHAProxy(),
    DeclaredTraefik(),
    DeclaredCaddy(),
)


def kind_named(product: str) -> DeclaredKind | None:
    """Return the kind with this product's name; None for any other load balancer."""
    return next((kind for kind in KINDS if kind.name == product), None)


def kind_of(service: Service, words: Collection[str]) -> DeclaredKind | None:
    """Return the kind that a service will run; None if the stack's files do not show it.

    `words` are those of its image's name. If they show no kind, the command and then the mounted
    files count.
    """
    command = {*(service.entrypoint or ()), *(service.command or ())}
    programs = {word.rpartition("/")[2] for word in command}
    return next(
        (
            kind
            for shows in (
                lambda kind: set(kind.image_words) & set(words),
                lambda kind: kind.program in programs,
                lambda kind: kind.files(service),
            )
            for kind in KINDS
            if shows(kind)
        ),
        None,
    )


def declared_passes(stack: Stack) -> list[tuple[str, DeclaredPass]]:
    """Return the directives in mounted files that pass requests on, each with its host."""
    found: list[tuple[str, DeclaredPass]] = []
    for kind in KINDS:
        files = [each for service in stack.services.values() for each in kind.files(service)]
        found += kind.passes_in({str(each.source): each.text for each in files})
    return found
