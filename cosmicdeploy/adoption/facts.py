"""What was recognized: facts with their evidence, settings, and notes about the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")
# "guess": the operator should look at this line. "to do": the operator has to do something.
Mark = Literal["", "guess", "to do"]


@dataclass(frozen=True, kw_only=True)
class Fact(Generic[T]):
    """A recognized value.

    `evidence` says where it was seen ("file:line", or an image), and what is there. It never
    repeats a value that may be secret. `mark` is "" if the fact is certain.
    """

    value: T
    evidence: str
    mark: Mark = ""

    def guessed(self) -> Fact[T]:
        """Return the same fact, marked as a guess."""
        return self if self.mark else replace(self, mark="guess")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A value for `cosmicdeploy.yaml`; `key` is its path there, such as ("app", "port")."""

    key: tuple[str, ...]
    value: Any
    evidence: str = ""
    mark: Mark = ""

    @property
    def name(self) -> str:
        """The key as errors name it, such as "app.port"."""
        return ".".join(self.key)


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that the operator should know, and that no value in the settings says.

    `kind` is "does not hold" for a promise of cosmicdeploy that this stack does not get, "not
    recognized" for something that no file shows, "not read" for a source that was not used, and "no
    role" for a service that the settings do not name. `about` names the service or file; "" stands
    for the whole stack.
    """

    kind: Literal["does not hold", "not recognized", "not read", "no role"]
    about: str
    what: str
    todo: str = ""


def setting(key: str, fact: Fact[Any]) -> Setting:
    """Return a fact as the setting at a dotted path."""
    return Setting(
        key=tuple(key.split(".")), value=fact.value, evidence=fact.evidence, mark=fact.mark
    )


def first_fact(recognizers: Iterable[Callable[[], Fact[T] | None]]) -> Fact[T] | None:
    """Return the first fact that a recognizer returns; later recognizers are not asked."""
    return next((fact for each in recognizers if (fact := each()) is not None), None)
