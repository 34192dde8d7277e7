"""Read nginx's configuration, and how it passes requests on, from the files that are mounted.

These files are known before any container runs, unlike the output of `nginx -T`. Configuration
files inside an image are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cosmicdeploy.proxy.nginx.configuration import Directive, parse
from cosmicdeploy.proxy.nginx.upstreams import PassDirective, groups, pass_directives
from cosmicdeploy.stack.model import Mount, Service, Stack

# The folder of nginx's configuration in a container.
FOLDER = "/etc/nginx"
SUFFIXES = ("", ".conf", ".template")
MAIN = f"{FOLDER}/nginx.conf"
# From these templates nginx's official image writes the files in `conf.d` as the container starts.
TEMPLATES, CONFIGURED = f"{FOLDER}/templates", f"{FOLDER}/conf.d"
# A variable of the container's environment in a template. A name that the environment does not have
# is a variable of nginx, and stays.
VARIABLE = re.compile(r"\$\{(\w+)\}")
# Longer files are not read: they are hardly configuration.
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
    """Return the directives that pass requests to a service, among the results of `passes_in`.

    Empty if no directive names the service, or if directives name it only by variables that nginx
    alone can resolve.
    """
    names = names_of(service)
    return [each for host, each in declared if host in names]


def declared_tree(service: Service) -> tuple[Directive, ...]:
    """Return the directives in the configuration files that the compose file mounts into nginx.

    The file of each directive is its path in the container. Variables in templates get the values
    that the compose file declares. Empty if no file is mounted, or if blocks are nested so deeply
    that no nginx would read them.
    """
    texts = {
        written_file(file): filled(text, service.environment)
        for mount in service.mounts
        for file, text in _mounted(mount)
    }
    try:
        if MAIN in texts:
            return parse(_dump({MAIN: texts[MAIN], **texts}))
        return tuple(each for file, text in texts.items() for each in parse(_dump({file: text})))
    except RecursionError:
        return ()


def filled(text: str, environment: Mapping[str, str]) -> str:
    """Return a template's text with the variables that the container has in its environment."""
    return VARIABLE.sub(lambda match: environment.get(match[1], match[0]), text)


def written_file(file: str) -> str:
    """Return the file that nginx reads for a mounted file: another one for a template."""
    path = PurePosixPath(file)
    if path.suffix == ".template" and path.is_relative_to(TEMPLATES):
        return str(PurePosixPath(CONFIGURED) / path.relative_to(TEMPLATES).with_suffix(""))
    return file


def template_of(file: str) -> str:
    """Return the template that a file in `conf.d` may come from."""
    path = PurePosixPath(file)
    return str(PurePosixPath(TEMPLATES) / path.relative_to(CONFIGURED)) + ".template"


def _mounted(mount: Mount) -> Iterator[tuple[str, str]]:
    """Yield the path in the container and the text of each configuration file of a mount."""
    for path in _below(mount):
        for _, text in _read(path):
            yield str(PurePosixPath(mount.target) / path.relative_to(mount.source)), text


def _dump(texts: Mapping[str, str]) -> str:
    """Return files as `nginx -T` prints them."""
    return "\n".join(f"# configuration file {file}:\n{text}" for file, text in texts.items())


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
    trees = {path: parse(_dump({path: text})) for path, text in texts.items()}
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
            for path in _below(mount):
                if path not in seen:
                    seen.add(path)
                    yield from _read(path)


def _below(mount: Mount) -> Iterable[Path]:
    """Return the files of a mount in nginx's folder; none for any other mount."""
    path = Path(mount.source)
    if mount.type != "bind" or not f"{mount.target}/".startswith(f"{FOLDER}/"):
        return []
    return sorted(path.rglob("*")) if path.is_dir() else [path]


def _read(path: Path) -> Iterator[tuple[Path, str]]:
    try:
        if path.is_file() and path.suffix in SUFFIXES and path.stat().st_size <= MAX_BYTES:
            yield path, path.read_text()
    except (OSError, UnicodeDecodeError):
        return  # not a text file, or the deployer may not read it


def names_of(service: Service) -> set[str]:
    """Return the names by which other containers reach the containers of a service."""
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
    """Return the path of the PHP script that answers requests; "" if it is unknown.

    If a request names the script, that is the script of most applications, `/index.php`.
    """
    text = "".join(directive.scope.get("fastcgi_param SCRIPT_FILENAME", ()))
    root = "".join(directive.scope.get("root", ()))
    for variable in ROOTS:
        text = text.replace(variable, root.rstrip("/"))
    text = text.replace(SCRIPT_NAME, FRONT_CONTROLLER)
    return text if text.startswith("/") and text.endswith(".php") and "$" not in text else ""
