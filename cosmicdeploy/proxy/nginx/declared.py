"""nginx's configuration, and how it passes requests on, as the stack's files have it.

These files are known before any container runs, unlike the output of `nginx -T`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from cosmicdeploy.proxy.declared.directives import Directive, walk
from cosmicdeploy.proxy.declared.mounted import Location, MountedFile, filled, mounted_files
from cosmicdeploy.proxy.declared.passes import DeclaredHost, DeclaredPass, Switch
from cosmicdeploy.proxy.nginx.configuration import condition, parse_files
from cosmicdeploy.proxy.nginx.upstreams import PassDirective, groups, pass_directives
from cosmicdeploy.stack.model import Service
from cosmicdeploy.text.host_names import is_host_name
from cosmicdeploy.text.numbers import port_number

FOLDER = "/etc/nginx"
LOCATION = Location(folder=FOLDER, suffixes=("", ".conf", ".template"))
MAIN = f"{FOLDER}/nginx.conf"
# From these templates nginx's official image writes the files in `conf.d` as the container starts.
TEMPLATES, CONFIGURED = f"{FOLDER}/templates", f"{FOLDER}/conf.d"
# nginx's variables for the value of `root`.
ROOTS = ("$document_root", "$realpath_root")
# nginx's variable for the script that a request names, and the script of most PHP applications.
SCRIPT_NAME, FRONT_CONTROLLER = "$fastcgi_script_name", "/index.php"
TESTED = re.compile(r"\(-f (?P<file>/(?P<folders>[\w./-]*/)?(?P<name>[\w.-]+))\)")
# The environment variables by which the image nginx-proxy finds services, and the one by which its
# companion finds the names that need a certificate.
HOST, PORT, PROTOCOL = "VIRTUAL_HOST", "VIRTUAL_PORT", "VIRTUAL_PROTO"
CERTIFIED = "LETSENCRYPT_HOST"


class DeclaredNginx:
    """The `DeclaredKind` nginx."""

    name = "nginx"
    program = "nginx"
    image_words = frozenset({"nginx", "openresty", "swag"})
    # `proxy_pass http://web` means port 80.
    default_port = 80
    follows_container_health = False

    def files(self, service: Service) -> list[MountedFile]:
        return list(mounted_files(service, LOCATION))

    def passes_in(self, texts: Mapping[str, str]) -> list[tuple[str, DeclaredPass]]:
        try:
            return list(_passes_in(texts))
        except RecursionError:
            return []

    def pass_of(self, service: Service) -> DeclaredPass | None:
        variables = service.environment
        if HOST not in variables:
            return None
        kind = "fastcgi" if variables.get(PROTOCOL) == "fastcgi" else "proxy"
        return DeclaredPass(
            product=self.name,
            kind=kind,
            directive=HOST,
            place=HOST,
            port=port_number(variables.get(PORT, "")),
            hosts=_virtual_hosts(variables),
        )

    def switches_in(self, text: str) -> list[Switch]:
        try:
            conditions = [each for each in walk(parse_files({MAIN: text})) if each.name == "if"]
        except RecursionError:
            return []
        return [switch for each in conditions for switch in _switches(each)]


def _virtual_hosts(variables: Mapping[str, str]) -> tuple[DeclaredHost, ...]:
    is_tls = CERTIFIED in variables
    names = [name.strip() for name in variables[HOST].split(",")]
    return tuple(
        DeclaredHost(name=name, place=HOST, is_tls=is_tls)
        for name in names
        if "." in name and is_host_name(name)
    )


def declared_tree(service: Service) -> tuple[Directive, ...]:
    """Return the directives in the configuration files that the compose file mounts into nginx.

    The file of each directive is its path in the container. Variables in templates get the values
    that the compose file declares. Empty if no file is mounted, or if blocks are nested so deeply
    that no nginx would read them.
    """
    texts = {
        written_file(each.target): filled(each.text, service.environment)
        for each in DeclaredNginx().files(service)
    }
    if MAIN in texts:  # goes first, since `parse_files` takes the first file for the main one
        return parse_files({MAIN: texts[MAIN], **texts})
    return tuple(each for file, text in texts.items() for each in parse_files({file: text}))


def written_file(file: str) -> str:
    """Return the path of a mounted file; for a template, that of the file written from it."""
    path = PurePosixPath(file)
    if path.suffix == ".template" and path.is_relative_to(TEMPLATES):
        return str(PurePosixPath(CONFIGURED) / path.relative_to(TEMPLATES).with_suffix(""))
    return file


def templates_of(file: str) -> list[str]:
    """Return the templates that a file may come from: one for a file in `conf.d`."""
    path = PurePosixPath(file)
    if not path.is_relative_to(CONFIGURED):
        return []
    return [str(PurePosixPath(TEMPLATES) / path.relative_to(CONFIGURED)) + ".template"]


def _switches(directive: Directive) -> Iterator[Switch]:
    """Yield what an `if` does with requests while a file exists."""
    if match := TESTED.fullmatch(condition(directive)):
        if any(each.arguments[:1] == ("503",) for each in directive.inside("return")):
            yield Switch(file=match["file"], line=directive.line)
        elif directive.inside("set"):
            yield Switch(file=match["file"], line=directive.line, service=match["name"])


def _passes_in(texts: Mapping[str, str]) -> Iterator[tuple[str, DeclaredPass]]:
    trees = [parse_files({path: text}) for path, text in texts.items()]
    tree = tuple(directive for each in trees for directive in each)
    servers = {group.name: [(s.host, s.port) for s in group.servers] for group in groups(tree)}
    for directive in (directive for each in trees for directive in pass_directives(each)):
        for host, port in _targets(directive, servers):
            yield host, _declared(directive, port)


def _targets(
    directive: PassDirective, servers: Mapping[str, Sequence[tuple[str, int | None]]]
) -> Iterable[tuple[str, int | None]]:
    """Return the hosts and ports that a directive passes requests to.

    `servers` maps the name of each group of servers to the hosts and ports in it.
    """
    target = "".join(directive.scope.get(f"set {directive.target}", (directive.target,)))
    return [(host, directive.port or port) for host, port in servers.get(target, [(target, None)])]


def _declared(directive: PassDirective, port: int | None) -> DeclaredPass:
    return DeclaredPass(
        product=DeclaredNginx.name,
        kind=directive.kind,
        directive=f"{directive.kind}_pass",
        place=directive.place,
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
