"""Recognize the URL that a container's own health check requests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.expressions import expressions
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.secrecy import is_secret_variable
from cosmicdeploy.text.numbers import port_number

# A port: a number, a variable, an expression of a shell, Python or JavaScript in braces, or what a
# program puts together by +, as in 'http://localhost:' + (process.env.PORT || 3000) + '/health'.
_PORT = r"\d{1,5}|\$\w+|\$?\{[^{}\n]{1,200}\}|['\"]\s{0,9}\+[^'\"\n]{1,200}\+\s{0,9}['\"]"
_REST = rf"(?::(?P<port>{_PORT}))?(?!:)(?P<path>/[^\s'\"`;|&)<>\\]*)?"
_URL = re.compile(rf"(?P<scheme>https?)://(?P<host>\[::1\]|[\w.-]+){_REST}")
# A check without a scheme, such as `curl localhost:8000/health`.
_BARE = re.compile(
    rf"(?:curl|wget)\b[^|;&]{{0,200}}?\s['\"]?(?P<host>localhost|127\.0\.0\.1)(?![\w.-]){_REST}"
)
_NAME, _NUMBER = re.compile(r"\b[A-Z_][A-Z0-9_]*\b"), re.compile(r"\b\d{2,5}\b")
# Ports at which applications serve their clients.
USUAL = (80, 8080, 8000, 3000, 5000, 8888, 4000, 9000)
# A check that fails while a file exists: `test ! -e /dev/shm/drain`.
_NO_FILE = re.compile(r"(?:\btest|\[)\s+!\s+-[ef]\s+(/dev/shm/[\w./-]+)(?=[\s;&\]]|$)")
_LOCAL = ("localhost", "127.0.0.1", "0.0.0.0", "[::1]", "::1")  # noqa: S104 - read, not bound


@dataclass(frozen=True, kw_only=True)
class CheckedUrl:
    """What a health check requests; `port` is None if it is a variable that nothing sets.

    `path` may have a query, which may hold a token; it is "" if the check uses a secret variable.
    """

    path: str
    port: int | None
    is_tls: bool = False


def checked_url(survey: Survey, name: str) -> Fact[CheckedUrl] | None:
    """Return the URL that the health check of a service requests; None if it requests none.

    If the service publishes one of the `USUAL` ports, a URL with a port that it does not publish,
    such as one for metrics, is left out.
    """
    words, evidence = _check(survey, name)
    text = " ".join(words)
    own = {*_LOCAL, name, survey.services[name].container_name, survey.services[name].hostname}
    for match in (*_URL.finditer(text), *_BARE.finditer(text)):
        url = _url(survey, name, match)
        if match["host"] in own and not _is_aside(survey, name, url.port):
            return Fact(value=url, evidence=f"{evidence}, health check")
    return None


def _is_aside(survey: Survey, name: str, port: int | None) -> bool:
    published = {each.target for each in survey.services[name].ports if each.protocol == "tcp"}
    return port is not None and port not in published and not published.isdisjoint(USUAL)


def has_health_check(survey: Survey, name: str) -> bool:
    """Return whether a service's containers have a health check of their own."""
    return bool(_check(survey, name)[0])


def drain_file_of(survey: Survey, name: str) -> Fact[str] | None:
    """Return the file whose existence makes a service's health check fail; None without one."""
    words, evidence = _check(survey, name)
    match = _NO_FILE.search(" ".join(words))
    return Fact(value=match[1], evidence=f"{evidence}, health check") if match else None


def _check(survey: Survey, name: str) -> tuple[Sequence[str], str]:
    """Return the words of the health check, and where they stand; ((), "") for none."""
    declared = survey.services[name].healthcheck
    if declared is not None and declared.test:
        words = declared.test[1:] if declared.test[0] != "NONE" else ()
        return words, survey.place(name, "healthcheck", "test")
    image = survey.images[name].healthcheck
    return (image.value, image.evidence) if image else ((), "")


def _url(survey: Survey, name: str, match: re.Match[str]) -> CheckedUrl:
    is_tls = match.re is _URL and match["scheme"] == "https"
    return CheckedUrl(
        path="" if _has_secret(survey, name) else match["path"] or "/",
        port=_port(survey, name, match["port"] or ("443" if is_tls else "80")),
        is_tls=is_tls,
    )


def _has_secret(survey: Survey, name: str) -> bool:
    """Return whether the health check's text has a variable that may hold a secret."""
    written = survey.declared.value(name, "healthcheck", "test")
    text = " ".join(map(str, written)) if isinstance(written, list) else str(written)
    return any(is_secret_variable(each.name) for each in expressions(text))


def _port(survey: Survey, name: str, text: str) -> int | None:
    """Return a port: that of a variable in an expression, else the last number in it."""
    if text.isdecimal():
        return port_number(text)
    image, environment = survey.images[name].variables, survey.services[name].environment
    for variable in _NAME.findall(text):
        known = image[variable].value if variable in image else ""
        if (port := port_number(environment.get(variable, known))) is not None:
            return port
    return next((port_number(each) for each in reversed(_NUMBER.findall(text))), None)
