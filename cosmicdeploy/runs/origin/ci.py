"""Recognize the CI job that started a run, by the variables of the environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from cosmicdeploy.journal.records.origin import CiJob
from cosmicdeploy.runs.origin.ci_systems import ANY_NAME, ANY_SIGN, SYSTEMS, CiSystem

PLACEHOLDER = re.compile(r"\{(\w+)\}")
# The only keys of a query that are kept: they lead to the job. Any other key may hold a token.
KEPT_KEYS = ("buildId",)
NO = ("", "0", "false", "no")
MAX_LENGTH = 500


def ci_job(environ: Mapping[str, str]) -> CiJob | None:
    """Return the CI job that runs this process; None outside of CI."""
    system = _system(environ)
    if system is None:
        is_unknown_system = _is_set(environ, ANY_SIGN)
        return CiJob(system=ANY_NAME) if is_unknown_system else None
    return CiJob(
        system=system.name,
        job=_filled(system.jobs, environ)[:MAX_LENGTH],
        url=without_secrets(_filled(system.urls, environ)),
    )


def branch_of(environ: Mapping[str, str], commit: str) -> str:
    """Return the branch that the CI job builds; "" outside of CI, or if it builds another commit.

    A CI job often checks out a commit without its branch, so git does not know the branch.
    """
    system = _system(environ)
    if system is None or not commit or environ.get(system.commit) != commit:
        return ""
    return environ.get(system.branch, "")


def without_secrets(url: str) -> str:
    """Return the URL without user, password and fragment, and of its query only `KEPT_KEYS`.

    Returns "" for what is no http or https URL, and for a URL that is too long.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or len(url) > MAX_LENGTH:
        return ""
    host = f"[{host}]" if ":" in host else host
    query = [(key, value) for key, value in parse_qsl(parts.query) if key in KEPT_KEYS]
    place = f"{host}:{port}" if port else host
    return urlunsplit((parts.scheme, place, parts.path, urlencode(query), ""))


def _system(environ: Mapping[str, str]) -> CiSystem | None:
    return next((each for each in SYSTEMS if _is_set(environ, each.sign)), None)


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() not in NO


def _filled(templates: Iterable[str], environ: Mapping[str, str]) -> str:
    """Return the first template whose variables are all set, with their values; "" if none is."""
    for template in templates:
        if all(environ.get(name) for name in PLACEHOLDER.findall(template)):
            return PLACEHOLDER.sub(lambda match: environ[match[1]], template)
    return ""
