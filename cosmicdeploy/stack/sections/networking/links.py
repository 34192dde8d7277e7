"""Read links to other containers, and the namespaces and volumes shared with them."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.stack.model import Dependency, Link
from cosmicdeploy.stack.values.compose_value import ComposeValue

SERVICE, CONTAINER = "service:", "container:"
# Keys for the namespaces of a container, and their fixed values. Those in `_SHARED` may also name a
# service or container.
NAMESPACES = {
    "network_mode": ("none", "host", "bridge"),
    "ipc": ("none", "host", "private", "shareable"),
    "pid": ("host",),
    "uts": ("host",),
    "userns_mode": ("host",),
    "cgroup": ("host", "private"),
}
# Keys by which a service may depend on another one without naming it in `depends_on`.
IMPLYING = ("links", "network_mode", "ipc", "pid", "volumes_from")
_SHARED = ("network_mode", "ipc", "pid")


def read_links(service: ComposeValue) -> tuple[Link, ...]:
    """Return the links of `links` (to services) and `external_links` (to other containers)."""
    links = {}
    for key in ("links", "external_links"):
        entry = service.get(key)
        for item in entry.items() if entry is not None else []:
            name, _, alias = item.text().partition(":")
            if not name or ":" in alias:
                raise item.error(f"'{item.text()}' is not a link", "write NAME or NAME:ALIAS")
            target = {"service" if key == "links" else "container": name}
            links[alias or name] = Link(alias=alias or name, **target)
    return tuple(links.values())


def read_namespace(entry: ComposeValue) -> str:
    """Return the value of a key in `NAMESPACES`; `network_mode` may also name any network."""
    key, word = str(entry.keys[-1]), entry.text()
    if key in _SHARED and word.startswith((SERVICE, CONTAINER)) and word.partition(":")[2]:
        return word
    if key == "network_mode" and word and ":" not in word:
        return word
    if word not in NAMESPACES[key]:
        shared = ["service:NAME", "container:NAME"] if key in _SHARED else []
        raise entry.error(
            f"'{word}' is not supported", f"use one of: {', '.join((*NAMESPACES[key], *shared))}"
        )
    return word


def read_volumes_from(entry: ComposeValue) -> tuple[str, ...]:
    """Return the entries of `volumes_from`: "SERVICE[:MODE]" or "container:NAME[:MODE]"."""
    for item in entry.items():
        name, _, mode = item.text().removeprefix(CONTAINER).partition(":")
        if not name or mode not in ("", "ro", "rw"):
            raise item.error(f"'{item.text()}' is not supported", "write SERVICE or SERVICE:ro")
    return entry.texts()


def implied_dependencies(service: ComposeValue) -> dict[str, Dependency]:
    """Return the services that a service depends on by other keys than `depends_on`.

    As in Compose, the restart of a service that `links` or a namespace key names also restarts this
    service; the restart of a service that only `volumes_from` names does not.
    """
    implied = {name: Dependency(restart=True) for name in _referred(service)}
    entry = service.get("volumes_from")
    for text in entry.texts() if entry is not None else ():
        if not text.startswith(CONTAINER):
            implied.setdefault(text.partition(":")[0], Dependency())
    return implied


def _referred(service: ComposeValue) -> Iterator[str]:
    links = service.get("links")
    for text in links.texts() if links is not None else ():
        yield text.partition(":")[0]
    for key in _SHARED:
        text = service.optional(key, ComposeValue.text) or ""
        if text.startswith(SERVICE):
            yield text.removeprefix(SERVICE)
