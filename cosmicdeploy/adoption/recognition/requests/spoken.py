"""Recognize what an application speaks, where the deployer cannot find that out itself."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.declared import one_line
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.requests.health_checks import checked_url, has_health_check
from cosmicdeploy.adoption.recognition.roles.applications import Group
from cosmicdeploy.proxy.declared.protocols import PROTOCOLS
from cosmicdeploy.stack.data_keepers import words_of

# Words in the names of base images, none of which listens on a port by itself.
_PLAIN = {
    "alpine", "amazonlinux", "busybox", "bun", "debian", "deno", "dotnet", "elixir", "golang",
    "jdk", "jre", "node", "openjdk", "python", "ruby", "rust", "scratch", "temurin", "ubuntu",
}  # fmt: skip


@dataclass(frozen=True)
class Spoken:
    """What replicas speak (`spoken`): http, fastcgi or other.

    `protocol`, `script` and `reached_at` are keys of the settings; None for one that they need not
    have. `is_presumed`: the deployer reads protocol and port from the proxy's files before each
    run.
    """

    spoken: str = "http"
    protocol: Fact[str] | None = None
    script: Fact[str] | None = None
    reached_at: Fact[bool] | None = None
    is_presumed: bool = False


def spoken_by(survey: Survey, group: Group, *, has_port: bool) -> Spoken:
    """Return what an application speaks; `has_port`: something names a port of it."""
    if group.passes:
        return _of_passes(survey, group)
    if (fastcgi := _php_fpm(survey, group.first)) is not None:
        return Spoken("fastcgi", fastcgi)
    url = checked_url(survey, group.first)
    if url is not None and url.value.is_tls:
        tls = Fact(value="other", evidence=f"{url.evidence} uses HTTPS", mark="guess")
        return Spoken("other", tls)
    if not has_port and _is_without_port(survey, group.first):
        nothing = "no file names a port of it, so no request is sent to it"
        other = Fact(value="other", evidence=nothing, mark="guess")
        return Spoken("other", other, reached_at=Fact(value=False, evidence=nothing, mark="guess"))
    return Spoken()


def _of_passes(survey: Survey, group: Group) -> Spoken:
    """Return what a proxy speaks with the application; HTTP counts if anything speaks it."""
    if any(each.kind == "proxy" for each in group.passes):
        return Spoken()
    first = group.passes[0]
    protocol = PROTOCOLS.get(first.kind, "other")
    if first.is_visible:
        return Spoken(protocol, is_presumed=True)
    script = None
    if first.script and not has_health_check(survey, group.first):
        script = Fact(value=first.script, evidence=first.evidence)
    return Spoken(protocol, Fact(value=protocol, evidence=first.evidence), script)


def _php_fpm(survey: Survey, name: str) -> Fact[str] | None:
    """Recognize PHP-FPM by its program, or by the name of its image, such as php:8.3-fpm."""
    command = survey.command(name)
    if command.value.partition(" ")[0].rpartition("/")[2].startswith("php-fpm"):
        return Fact(value="fastcgi", evidence=f"{command.evidence}, runs php-fpm")
    for image in survey.images[name].names:
        last = image.rpartition("/")[2]
        if last.startswith("php:") and "fpm" in last and not command.value:
            return Fact(value="fastcgi", evidence=f"image {one_line(image)}", mark="guess")
    return None


def _is_without_port(survey: Survey, name: str) -> bool:
    """Return whether a service's image is known so well that it would show a port."""
    image, built = survey.images[name], survey.built.get(name)
    is_plain = built is not None and not _PLAIN.isdisjoint(words_of(built.base))
    return image.is_complete or is_plain
