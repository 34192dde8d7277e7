"""Explain why an image cannot be pulled, and what the operator can do.

The engine reports most causes with the same status, 500. So the cause is recognized by the words of
the engine and of the registries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from docker.errors import APIError

from cosmicdeploy.engine.registry.login import Login
from cosmicdeploy.errors import PullFailed


@dataclass(frozen=True)
class _Problem:
    """A cause: words that the engine reports (a regular expression), their meaning, and advice.

    `what` and `todo` may contain {image}, {host} (the registry) and {login} (the login command).
    """

    words: str
    what: str
    todo: str


# An address in a reason, such as Get "https://host/v2/": its words say nothing about the cause.
_ADDRESS = re.compile(r'"https?://[^"]*"')
_CREDENTIALS = _Problem(
    r"no basic auth credentials|unauthorized|authentication required|denied|forbidden",
    "{host} refuses {image}: the registry wants other credentials, or has no such repository",
    "run `{login}` as the user of this command, or correct `image:`",
)
_PROBLEMS = (
    _Problem(
        r"toomanyrequests|rate limit",
        "{host} refuses {image}: its rate limit is reached",
        "wait, or run `{login}` for a higher limit; then run the same command again",
    ),
    _CREDENTIALS,
    _Problem(
        r"no matching manifest|does not match the specified platform",
        "{image} does not exist for the requested platform (the engine's own unless another is"
        " declared)",
        "push an image for that platform, or declare another `platform:` for the service",
    ),
    _Problem(
        r"manifest unknown|name unknown|not found",
        "{host} has no {image}",
        "push the image, or correct its tag in `image:`",
    ),
    _Problem(
        r"invalid reference|repository name must be lowercase|invalid tag",
        "{image} is not the name of an image",
        "correct `image:`",
    ),
    _Problem(
        r"server gave HTTP response to HTTPS client",
        "{host} speaks HTTP, and the engine expects HTTPS",
        "give {host} a certificate, or put it into insecure-registries of the engine's daemon.json",
    ),
    _Problem(
        r"x509|certificate|tls: ",
        "The engine does not trust the certificate of {host}, so {image} cannot be pulled",
        "put the signing authority's certificate into /etc/docker/certs.d/{host}/ca.crt",
    ),
    _Problem(
        r"no space left on device|disk quota exceeded",
        "The engine has no space left for {image}",
        "free some space in the engine's data folder (`docker system df`), then run the same"
        " command again",
    ),
    _Problem(
        r"connection refused|no such host|i/o timeout|Client\.Timeout|no route to host"
        r"|network is unreachable|connection reset|\bEOF\b|server misbehaving|Bad Gateway"
        r"|Service Unavailable|deadline exceeded|handshake timeout",
        "{host} does not answer, so {image} cannot be pulled",
        "check the registry and the engine's network, then run the same command again",
    ),
)
_OTHER = _Problem(
    "",
    "{image} cannot be pulled",
    "test with `docker pull {image}`, then run the same command again",
)


def pull_failed(image: str, login: Login, reason: str) -> PullFailed:
    """Return the error for an image; `reason` is the text of the engine or of the registry."""
    found = next((p for p in _PROBLEMS if _mentions(reason, image, p)), _OTHER)
    known = {"image": image, "host": login.host, "login": login.command}
    return PullFailed(
        found.what.format(**known),
        where=image,
        todo=found.todo.format(**known),
        details=(f"the engine says: {reason.strip()}", f"sent: {login.source}"),
    )


def reason_of(error: APIError) -> str:
    """Return the engine's explanation of a failed request."""
    return str(error.explanation or error)


def is_definite(error: APIError, image: str) -> bool:
    """Return whether the error is the registry's answer, so that a pull would fail as well."""
    if error.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
        return True
    return _mentions(reason_of(error), image, _CREDENTIALS)


def _mentions(reason: str, image: str, problem: _Problem) -> bool:
    """Return whether a reason contains a problem's words outside of image names and addresses."""
    text = _ADDRESS.sub("", reason).replace(image, "")
    return re.search(problem.words, text, re.IGNORECASE) is not None
