"""Find the secrets of a stack, and mask them in what a run records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.stack.model import Service

# A variable with such a name is secret. `PWD` alone is the working directory.
SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|_PWD$"
    r"|(?:^|_)(?:PASS|(?:API)?KEY|COOKIE|DSN)(?:_|$)",
    re.IGNORECASE,
)
# The settings that name a variable with a secret.
SECRET_SETTINGS = ("password_variable", "token_variable", "signing_key_variable")
# User and password in a URL; the group is the password. The user may hold no colon, so that a text
# of any length is searched in a time that is proportional to it.
USERINFO = re.compile(r"://[^\s/@:]*:([^\s/@]*)@")
# The beginning of the key of a copied file that the compose file declares as a secret.
SECRET_FILE = "secrets."  # noqa: S105, no secret
# Shorter values are not masked, since they occur by chance.
SHORTEST_SECRET = 6
MASK = "***"


def stack_secrets(ctx: Context) -> Sequence[str]:
    """Return the secrets of a stack, the longest first.

    These are the values of the variables that the settings name as secret or whose name says so,
    also among build arguments and the options of destinations; passwords in URLs; and the secrets
    of the compose file that are no files.
    """
    named = _named(ctx.settings.model_dump())
    services = ctx.stack.services.values()
    sources: list[Mapping[str, Any]] = [
        ctx.loaded.variables,
        *(each.options for each in ctx.settings.backup.copies),
        *(each.environment for each in services),
        *(each.build.args for each in services if each.build),
    ]
    values = [value for each in sources for value in _secret_values(each, named)]
    return longest_first([*values, *(value for each in services for value in _declared(each))])


def _named(settings: Any) -> set[str]:
    """Return the variables that the settings name as secrets, at any level."""
    if isinstance(settings, list | tuple):
        return {name for each in settings for name in _named(each)}
    if not isinstance(settings, Mapping):
        return set()
    own = {settings.get(key) for key in SECRET_SETTINGS}
    return {*filter(None, own), *(name for each in settings.values() for name in _named(each))}


def _secret_values(variables: Mapping[str, Any], named: set[str]) -> Iterator[str]:
    for name, value in variables.items():
        if isinstance(value, str):
            yield from USERINFO.findall(value)
            if name in named or SECRET_NAME.search(name):
                yield value


def _declared(service: Service) -> Iterator[str]:
    """Yield the texts of a service's secrets that are in the compose file or in a variable."""
    yield from (each.content for each in service.copied_files if each.key.startswith(SECRET_FILE))
    if service.build:
        yield from (each.value for each in service.build.secrets)


def longest_first(values: Iterable[str]) -> Sequence[str]:
    """Return these values and each of their lines, the longest first; leave out short ones.

    A log may contain single lines of a secret that has several, such as a key.
    """
    lines = {line.strip() for value in values for line in [value, *value.splitlines()]}
    return sorted((s for s in lines if len(s) >= SHORTEST_SECRET), key=len, reverse=True)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return the text with each secret, and user and password in each URL, replaced by `MASK`."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return USERINFO.sub(f"://{MASK}@", text)
