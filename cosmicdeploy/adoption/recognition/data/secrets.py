"""Find the variable that holds a secret of a service, without ever showing its value."""

from __future__ import annotations

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.expressions import only_variable
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.secrecy import is_secret_variable


def variable_of(survey: Survey, service: str, name: str, default: str) -> Fact[str]:
    """Return the variable of the shell or the env file that has the value of `name`.

    `name` is a variable of the service's container. If no variable has its value, the fact is
    marked "to do": the operator has to write the value to the env file as `default`.
    """
    place = survey.environment_place(service, name)
    evidence = f"{place}, {name}"
    pairs = survey.declared.pairs(service, "environment")
    written = name if name in pairs and pairs[name] is None else only_variable(pairs.get(name))
    if written:
        return _checked(survey, Fact(value=written, evidence=evidence))
    value = survey.services[service].environment.get(name, "")
    own = survey.own_variables
    names = (name, default, *filter(is_secret_variable, own))
    same = [each for each in names if value and own.get(each) == value]
    if same:
        return Fact(value=same[0], evidence=f"{evidence} has the same value")
    return to_do(survey, default, f"{place} has the value of {name}, but no variable has it")


def variable_of_text(survey: Survey, written: object, evidence: str, default: str) -> Fact[str]:
    """Return the variable that a text in the compose file consists of, as `variable_of` does."""
    variable = only_variable(written)
    if variable:
        return _checked(survey, Fact(value=variable, evidence=evidence))
    return to_do(survey, default, f"{evidence} has the value itself")


def _checked(survey: Survey, fact: Fact[str]) -> Fact[str]:
    """Return the fact, marked "to do" if the variable is not set."""
    if survey.variables.get(fact.value):
        return fact
    return to_do(survey, fact.value, f"{fact.evidence} is that of a variable that is not set")


def to_do(survey: Survey, variable: str, why: str) -> Fact[str]:
    """Return a variable that the operator has to set, unless the env file or the shell sets it."""
    file = survey.stack.env_file.name
    todo = f"{why}; write it to {file} as {variable}=…"
    is_set = bool(survey.variables.get(variable))
    return Fact(
        value=variable, evidence=why if is_set else todo, mark="guess" if is_set else "to do"
    )
