"""Find the names that nginx resolves while it runs, and for how long it uses an answer.

nginx resolves a name while it runs if the target of a directive such as `proxy_pass` is a variable
that holds the name, or if a server of a group has the option `resolve`. Each worker process
resolves names by itself, and uses the addresses until they expire: after the `valid` time of its
`resolver`, or else after the time that the answer itself states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.proxy.declared.directives import Directive
from cosmicdeploy.proxy.nginx.units import seconds
from cosmicdeploy.proxy.nginx.upstreams import TARGET, groups, pass_directives

# In seconds: how long an answer of the engine's own name server is valid (respTTL in moby's
# libnetwork/resolver.go).
ANSWER_SECONDS = 600.0
# Stands for an unknown name: only nginx knows the value of the variable.
ANY = ""
VALID = "valid="


def resolved_names(tree: tuple[Directive, ...]) -> dict[str, float]:
    """Return name → seconds for which nginx uses an answer, for each name that it resolves.

    `ANY` stands for an unknown name: it may be any name but that of a group.
    """
    found: dict[str, float] = {}
    for name, resolver in (*_passed(tree), *_of_groups(tree)):
        found[name] = max(found.get(name, 0.0), _valid(resolver))
    return found


def _passed(tree: tuple[Directive, ...]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each name that a variable holds, and the arguments of its `resolver`."""
    of_groups = {group.name for group in groups(tree)}
    for each in pass_directives(tree):
        if "$" in each.target and "resolver" in each.scope:
            match = TARGET.match("".join(each.scope.get(f"set {each.target}", ())))
            name = match["host"] if match else ANY
            if name not in of_groups:
                yield (ANY if "$" in name else name), each.scope["resolver"]


def _of_groups(tree: tuple[Directive, ...]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each server with the option `resolve`, and the arguments of its `resolver`."""
    http = next((each.block for each in tree if each.name == "http"), tree)
    outer = next((each.arguments for each in http if each.name == "resolver"), ())
    for group in groups(tree):
        for server in group.servers:
            if "resolve" in server.options:
                yield server.host, group.directives.get("resolver", outer)


def _valid(resolver: Sequence[str]) -> float:
    """Return the seconds for which nginx uses an answer, given the arguments of `resolver`."""
    given = (word.removeprefix(VALID) for word in resolver if word.startswith(VALID))
    return next((seconds(text) for text in given), ANSWER_SECONDS)
