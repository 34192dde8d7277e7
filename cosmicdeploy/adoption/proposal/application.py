"""The keys of one application: what its replicas listen on, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cosmicdeploy.adoption.facts import Fact, Setting
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.text_file import SearchedText
from cosmicdeploy.adoption.recognition.release.headers import release_header
from cosmicdeploy.adoption.recognition.release.variables import release_variable
from cosmicdeploy.adoption.recognition.requests.addresses import Address, address_of
from cosmicdeploy.adoption.recognition.requests.health_paths import candidates, health_path_of
from cosmicdeploy.adoption.recognition.requests.live import Answers, ask
from cosmicdeploy.adoption.recognition.requests.ports import port_of
from cosmicdeploy.adoption.recognition.requests.spoken import Spoken, spoken_by
from cosmicdeploy.adoption.recognition.roles.applications import Group
from cosmicdeploy.proxy.declared.protocols import FASTCGI_PORT
from cosmicdeploy.settings import Application

KEYS = (
    "protocol", "port", "script", "health_path", "release_variable", "release_header", "reached_at",
)  # fmt: skip
DEFAULTS: Mapping[str, Any] = {key: Application.model_fields[key].get_default() for key in KEYS}
# Keys that another application inherits from `app`, unless its own section sets them to null.
_TAKEN_AWAY = ("script", "release_header")


@dataclass(frozen=True)
class Recognized:
    """The recognized keys of an application; a key that is left out has its default.

    `port` and `protocol` are what its replicas use; `keys` lacks those that the deployer finds out
    itself. `address` is where clients reach it, if the deployer cannot find that itself.
    """

    keys: Mapping[str, Fact[Any]]
    port: Fact[int] | None = None
    protocol: str = "http"
    address: Address | None = None

    @property
    def url(self) -> Fact[str] | None:
        """The URL that clients use, if the deployer cannot find it itself."""
        return self.address.url if self.address is not None else None

    def value(self, key: str) -> Any:
        """Return the value of a key, else its default."""
        return self.keys[key].value if key in self.keys else DEFAULTS[key]

    def written(self, key: str) -> Fact[Any] | None:
        """Return the fact that `app` has for a key; None for a certain one that is the default."""
        fact = self.keys.get(key)
        is_written = fact is not None and (fact.value != DEFAULTS[key] or fact.mark)
        return fact if is_written else None


def recognize(
    survey: Survey, group: Group, proxy: str, texts: Sequence[SearchedText], *, is_only: bool
) -> Recognized:
    """Recognize the keys of an application.

    `proxy` is the proxy in front of it, "" for none, and `texts` configure it. `is_only`: there is
    no other application.
    """
    name = group.first
    port = port_of(survey, name, group.passes)
    spoken = spoken_by(survey, group, has_port=port is not None)
    variable = release_variable(survey, name)
    header = release_header(survey, name, variable.value if variable else "")
    answers = Answers(health_path_of(survey, name, texts, is_only=is_only), header)
    if spoken.spoken == "http":
        answers = ask(survey, group, port, answers, candidates(survey, name), variable)
    is_port_implied = spoken.is_presumed or _is_fastcgi_default(spoken, port)
    keys = {
        "protocol": spoken.protocol,
        "port": None if is_port_implied else port,
        "script": spoken.script,
        "health_path": answers.path,
        "release_variable": variable,
        "release_header": answers.header,
        "reached_at": spoken.reached_at,
    }
    address = None if spoken.reached_at else address_of(survey, group, proxy, texts)
    known = {key: fact for key, fact in keys.items() if fact is not None}
    return Recognized(known, port, spoken.spoken, address)


def _is_fastcgi_default(spoken: Spoken, port: Fact[int] | None) -> bool:
    return spoken.spoken == "fastcgi" and port is not None and port.value == FASTCGI_PORT


def main_settings(main: Recognized) -> Iterator[Setting]:
    """Yield what differs from the defaults, for the section `app`."""
    for key in KEYS:
        if (fact := main.written(key)) is not None:
            yield _setting(("app", key), fact)


def other_settings(
    name: str, services: Sequence[str], own: Recognized, main: Recognized
) -> Iterator[Setting]:
    """Yield what differs from the main application, for the section `applications`."""
    section = ("applications", name)
    if tuple(services) != (name,):
        yield Setting(key=(*section, "services"), value=list(services), evidence="the same image")
    for key in KEYS:
        fact = _differing(key, own, main)
        if fact is not None:
            yield _setting((*section, key), fact)
    if own.url is not None and (main.url is None or own.url.value != main.url.value):
        url = f"{own.url.value}{own.value('health_path')}"
        yield _setting((*section, "reached_at"), replace(own.url, value=url))


def _differing(key: str, own: Recognized, main: Recognized) -> Fact[Any] | None:
    """Return what an application has to set for a key; None if it inherits that from `app`."""
    inherited = main.written(key)
    if key == "reached_at":
        return own.written(key)  # it is not inherited
    if key == "protocol" and inherited is not None:
        fact: Fact[Any] | None = Fact(value=own.protocol, evidence="unlike app")
    elif key == "port" and inherited is not None:
        assumed = Fact(value=DEFAULTS["port"], evidence="no file names its port", mark="guess")
        fact = own.port or assumed
    elif key in _TAKEN_AWAY and inherited is not None:
        fact = own.keys.get(key) or Fact(value=None, evidence="unlike app")
    else:
        fact = own.keys.get(key)
    is_same = fact is not None and fact.value == main.value(key)
    # A guess is written even if `app` has the same value, unless that is marked too.
    needs_mark = fact is not None and bool(fact.mark) and not (inherited and inherited.mark)
    return None if is_same and not needs_mark else fact


def _setting(key: tuple[str, ...], fact: Fact[Any]) -> Setting:
    return Setting(key=key, value=fact.value, evidence=fact.evidence, mark=fact.mark)
