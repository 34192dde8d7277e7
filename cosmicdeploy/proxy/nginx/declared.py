"""Find out how nginx passes requests to a service, from the files that the compose file mounts.

These files are known before any container runs, unlike the output of `nginx -T`. Configuration
files inside an image are not read, and variables in templates are not resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.proxy.nginx.configuration import parse
from cosmicdeploy.proxy.nginx.upstreams import PassDirective, groups, pass_directives
from cosmicdeploy.stack.model import Service, Stack

# The folder of nginx's configuration in a container.
FOLDER = "/etc/nginx"
SUFFIXES = ("", ".conf", ".template")
MAX_BYTES = 256 << 10
# nginx's variables for the value of `root`.
ROOTS = ("$document_root", "$realpath_root")
# nginx's variable for the script that a request names, and the script of most PHP applications.
SCRIPT_NAME, FRONT_CONTROLLER = "$fastcgi_script_name", "/index.php"


@dataclass(frozen=True, kw_only=True)
class DeclaredPass:
    """A directive of nginx that passes requests to a service, such as `fastcgi_pass`.

    `kind` is the directive's name without `_pass`, and `place` is "file:line". `port` is None if
    neither the directive nor its `upstream` names one. `script` is the path of the PHP script that
    answers requests; "" if it is unknown.
    """

    kind: str
    place: str
    port: int | None = None
    script: str = ""


def passes_to(service: Service, declared: Iterable[tuple[str, DeclaredPass]]) -> list[DeclaredPass]:
    """Return those of the directives that pass requests to a service; `declared` is `passes_in`'s.

    Empty if no directive names the service, or if directives name it only by variables that nginx
    alone can resolve.
    """
    names = names_of(service)
    return [each for host, each in declared if host in names]


def mounted_texts(stack: Stack) -> dict[str, str]:
    """Return the configuration files that the compose file mounts, by their paths."""
    return {str(path): text for path, text in _files(stack)}


def passes_in(texts: Mapping[str, str]) -> list[tuple[str, DeclaredPass]]:
    """Return the directives that pass requests on, each with a host that gets them.

    `texts` are configuration files by their paths, which `place` repeats. Returns none if blocks
    are nested so deeply that no nginx would read them.
    """
    try:
        return list(_passes_in(texts))
    except RecursionError:
        return []


def _passes_in(texts: Mapping[str, str]) -> Iterator[tuple[str, DeclaredPass]]:
    trees = {path: parse(f"# configuration file {path}:\n{text}") for path, text in texts.items()}
    tree = tuple(directive for each in trees.values() for directive in each)
    servers = {group.name: [(s.host, s.port) for s in group.servers] for group in groups(tree)}
    for path, own in trees.items():
        for directive in pass_directives(own):
            for host, port in _targets(directive, servers):
                yield host, _declared(path, directive, port)


def _files(stack: Stack) -> Iterator[tuple[Path, str]]:
    """Yield the path and text of each configuration file that the compose file mounts, once."""
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
        return  # not a text file, or the deployer may not read it


def names_of(service: Service) -> set[str]:
    """Return the names by which other containers reach those of a service."""
    aliases = (alias for network in service.networks for alias in network.aliases)
    return {service.compose_name, service.container_name, *aliases}


def _targets(
    directive: PassDirective, servers: Mapping[str, Sequence[tuple[str, int | None]]]
) -> Iterable[tuple[str, int | None]]:
    """Return the hosts and ports that a directive passes requests to.

    `servers` maps the name of each group of servers to the hosts and ports in it.
    """
    target = "".join(directive.scope.get(f"set {directive.target}", (directive.target,)))
    return [(host, directive.port or port) for host, port in servers.get(target, [(target, None)])]


def _declared(path: str, directive: PassDirective, port: int | None) -> DeclaredPass:
    return DeclaredPass(
        kind=directive.kind,
        place=f"{path}:{directive.line}",
        port=port,
        script=_script(directive),
    )


def _script(directive: PassDirective) -> str:
    """Return the path of the PHP script that answers requests; "" if it is unknown."""
    text = "".join(directive.scope.get("fastcgi_param SCRIPT_FILENAME", ()))
    root = "".join(directive.scope.get("root", ()))
    for variable in ROOTS:
        text = text.replace(variable, root.rstrip("/"))
    text = text.replace(SCRIPT_NAME, FRONT_CONTROLLER)
    return text if text.startswith("/") and text.endswith(".php") and "$" not in text else ""
