"""Keys that `docker compose up` resolves before it hashes a service, unlike `config --hash`.

`up` replaces the keys `env_file` and `label_file` by the lines of these files, and drops
dependencies on services of which no profile is active. An additional compose file makes
`config --hash` do the same. Values may be secrets, so that file only names variables, which Compose
gets in its environment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmicdeploy.stack.model import Dependency, Service, Stack

Keys = Mapping[str, str]
# The prefix of the variables that hold the values.
PREFIX = "COSMICDEPLOY_HASHED_"


@dataclass(frozen=True, kw_only=True)
class HashValues:
    """The keys of each service in a further compose file, and the variables that they name."""

    services: Mapping[str, Keys]
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def hash_values(stack: Stack) -> HashValues:
    """Return the keys that `up` resolves, by service; empty for a stack that has none of them."""
    variables: dict[str, str] = {}
    services = {
        each.compose_name: keys
        for each in stack.services.values()
        if (keys := _keys(stack, each, variables))
    }
    return HashValues(services=services, variables=tuple(variables.items()))


def dependency(declared: Dependency) -> Mapping[str, object]:
    """Return a dependency as a compose file writes it."""
    return {
        "condition": declared.condition,
        "restart": declared.restart,
        "required": declared.required,
    }


def _keys(stack: Stack, service: Service, variables: dict[str, str]) -> Keys:
    keys: dict[str, str] = {}
    if "env_file" in stack.keys_with_files:
        keys |= {"env_file": "!reset []", "environment": _named(service.environment, variables)}
    if "label_file" in stack.keys_with_files:
        keys |= {"label_file": "!reset []", "labels": _named(service.labels, variables)}
    if stack.inactive:
        others = {name: dependency(each) for name, each in service.depends_on.items()}
        keys["depends_on"] = f"!override {json.dumps(others)}"
    return keys


def _named(values: Mapping[str, str], variables: dict[str, str]) -> str:
    """Return a YAML mapping that names a variable for each value; add these to `variables`."""
    entries = {}
    for name, value in values.items():
        variable = f"{PREFIX}{len(variables)}"
        variables[variable] = value
        entries[name] = f"${{{variable}}}"
    return json.dumps(entries)
