"""Read from the nginx configuration in the stack's folder how nginx passes requests to a service.

The compose file mounts it into some container. It is known before anything runs, unlike what
`nginx -T` prints; but templates and files in an image cannot be read this way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.proxy.nginx.configuration import parse
from cosmicdeploy.proxy.nginx.upstreams import PassDirective, groups, pass_directives
from cosmicdeploy.stack.model import Service, Stack

# Where nginx has its configuration, in a container.
FOLDER = "/etc/nginx"
SUFFIXES = ("", ".conf", ".template")
MAX_BYTES = 256 << 10
# Variables that stand for `root`, and for the script that a request names.
ROOTS = ("$document_root", "$realpath_root")
SCRIPT_NAME, FRONT_CONTROLLER = "$fastcgi_script_name", "/index.php"


@dataclass(frozen=True, kw_only=True)
class DeclaredPass:
    """How nginx passes requests to a service: by `fastcgi_pass` or the like, declared at `place`.

    `port` is None for a socket or a variable, `script` is "" if it is unknown.
    """

    kind: str
    place: str
    port: int | None = None
    script: str = ""


def declared_passes(stack: Stack, service: Service) -> list[DeclaredPass]:
    """Return how nginx passes requests to a service, according to files of the stack's folder.

    Empty if they do not name the service, or only by what nginx alone can tell.
    """
    trees = {path: parse(f"# configuration file {path}:\n{text}") for path, text in _files(stack)}
    tree = tuple(directive for each in trees.values() for directive in each)
    servers = {group.name: [(s.host, s.port) for s in group.servers] for group in groups(tree)}
    names = _names(service)
    return [
        _declared(path, directive, port)
        for path, own in trees.items()
        for directive in pass_directives(own)
        for host, port in _targets(directive, servers)
        if host in names
    ]


def _files(stack: Stack) -> Iterator[tuple[Path, str]]:
    """Yield the configuration files that the compose file mounts, each once, and their text."""
    seen: set[Path] = set()
    for service in stack.services.values():
        for mount in service.mounts:
            if mount.type == "bind" and f"{mount.target}/".startswith(f"{FOLDER}/"):
                for path in _below(Path(mount.source)):
                    if path not in seen:
                        seen.add(path)
                        yield from _read(path)


def _below(path: Path) -> Iterable[Path]:
    return sorted(path.rglob("*")) if path.is_dir() else [path]


def _read(path: Path) -> Iterator[tuple[Path, str]]:
    try:
        if path.is_file() and path.suffix in SUFFIXES and path.stat().st_size <= MAX_BYTES:
            yield path, path.read_text()
    except (OSError, UnicodeDecodeError):
        return  # it is no configuration, or only the container may read it


def _names(service: Service) -> set[str]:
    aliases = (alias for network in service.networks for alias in network.aliases)
    return {service.compose_name, service.container_name, *aliases}


def _targets(
    directive: PassDirective, servers: Mapping[str, Sequence[tuple[str, int | None]]]
) -> Iterable[tuple[str, int | None]]:
    """Return the hosts and ports that a pass directive names; `servers` are those of the groups."""
    target = "".join(directive.scope.get(f"set {directive.target}", (directive.target,)))
    return [(host, directive.port or port) for host, port in servers.get(target, [(target, None)])]


def _declared(path: Path, directive: PassDirective, port: int | None) -> DeclaredPass:
    word = f"{directive.kind}_pass"
    lines = path.read_text().splitlines()
    pattern = re.compile(rf"^\s*[^#]*\b{word}\b")
    line = next((n for n, text in enumerate(lines, 1) if pattern.match(text)), 1)
    return DeclaredPass(
        kind=directive.kind, place=f"{path}:{line}", port=port, script=_script(directive)
    )


def _script(directive: PassDirective) -> str:
    """Return the script that answers requests for no file of their own; "" if it is unknown."""
    text = "".join(directive.scope.get("fastcgi_param SCRIPT_FILENAME", ()))
    root = "".join(directive.scope.get("root", ()))
    for variable in ROOTS:
        text = text.replace(variable, root.rstrip("/"))
    text = text.replace(SCRIPT_NAME, FRONT_CONTROLLER)
    return text if text.startswith("/") and text.endswith(".php") and "$" not in text else ""
