"""Recognize the variable that names a release."""

from __future__ import annotations

import re

from cosmicdeploy.adoption.facts import Fact, first_fact
from cosmicdeploy.adoption.reading.expressions import expressions, without_expressions
from cosmicdeploy.adoption.reading.survey import Survey

# Names of variables that mean the release of the application, and endings of such names.
_RELEASE = re.compile(
    r"(?:[A-Z][A-Z0-9]*_)*?(?:RELEASE|VERSION|REVISION|COMMIT|SHA|TAG|BUILD)"
    r"(?:_(?:NAME|ID|NUMBER|SHA|HASH|TAG))?"
)
# Names in which VERSION or the like is that of something else.
_OTHERS = re.compile(
    r"(?:.*_)?(?:API|PROTOCOL|SCHEMA|TLS)_VERSION|(?:.*_)?(?:ALPINE|ANGULAR|APACHE|ASPNET|BASE|BUN"
    r"|BUNDLER|CADDY|CARGO|CHROME|COMPOSER|DEBIAN|DENO|DISTRO|DJANGO|DOTNET|ELASTIC|ELIXIR|ERLANG"
    r"|FERRETDB|FLASK|FPM|FRANKENPHP|GO|GOLANG|GRADLE|JAVA|JDK|JRE|KOTLIN|LARAVEL|LINUX|MARIADB"
    r"|MAVEN|MONGO|MONGODB|MYSQL|NEXT|NGINX|NODE|NODEJS|NPM|OPENJDK|OS|PHP|PIP|PNPM|POETRY|POSTGRES"
    r"|POSTGRESQL|PYTHON|RABBITMQ|RAILS|REACT|REDIS|RUBY|RUST|SCALA|SPRING|SUPERVISOR|SWOOLE"
    r"|SYMFONY|TOMCAT|TRAEFIK|UBUNTU|UV|VITE|VUE|WORDPRESS|XDEBUG|YARN|[A-Z0-9]+_IMAGE)"
    r"_(?:VERSION|TAG|RELEASE|BUILD|SHA)"
)
# Names that mean the application's release even in an image, most of whose variables are inherited.
_IN_IMAGE = ("APP_RELEASE", "APP_VERSION", "RELEASE", "RELEASE_VERSION", "GIT_COMMIT", "GIT_SHA")


def release_variable(survey: Survey, name: str) -> Fact[str] | None:
    """Return the name of the variable that holds the release of a service; None if none does."""
    return first_fact(
        (
            lambda: _build_argument(survey, name),
            lambda: _container_variable(survey, name),
            lambda: _in_tag(survey, name),
            lambda: _in_image(survey, name),
        )
    )


def tag_variable(survey: Survey, name: str) -> str:
    """Return the variable in the tag of the image that the compose file names; "" for none."""
    image = survey.declared.value(name, "image")
    if not isinstance(image, str):
        return ""
    last = without_expressions(image, "${}").rpartition("/")[2]
    tag = last.partition("@")[0].partition(":")[2]
    return next((each.name for each in expressions(tag)), "")


def _build_argument(survey: Survey, name: str) -> Fact[str] | None:
    build = survey.services[name].build
    if build is None:
        return None
    written = survey.declared.pairs(name, "build", "args")
    image = survey.images[name]
    for argument in sorted({*build.args, *written}, key=_rank):
        if _means_release(argument) and _varies(written.get(argument)):
            place = survey.declared.pair_place(name, ("build", "args"), argument)
            if argument in image.variables or argument in survey.services[name].environment:
                return Fact(value=argument, evidence=f"{place}, build argument")
            why = "no variable of the container has it, so the running release is unknown"
            return Fact(value=argument, evidence=f"{place}, build argument; {why}", mark="guess")
    return None


def _container_variable(survey: Survey, name: str) -> Fact[str] | None:
    written = survey.declared.pairs(name, "environment")
    for variable in sorted(survey.services[name].environment, key=_rank):
        if _means_release(variable) and _varies(written.get(variable)):
            return Fact(value=variable, evidence=survey.environment_place(name, variable))
    return None


def _in_tag(survey: Survey, name: str) -> Fact[str] | None:
    variable = tag_variable(survey, name)
    if not variable:
        return None
    return Fact(value=variable, evidence=f"{survey.place(name, 'image')}, the image's tag")


def _in_image(survey: Survey, name: str) -> Fact[str] | None:
    image = survey.images[name]
    variable = next((each for each in _IN_IMAGE if each in image.variables), "")
    if not variable:
        return None
    return Fact(value=variable, evidence=image.variables[variable].evidence, mark="guess")


def _means_release(variable: str) -> bool:
    upper = variable.upper()
    return _RELEASE.fullmatch(upper) is not None and _OTHERS.fullmatch(upper) is None


def _varies(written: object) -> bool:
    """Return whether a value as written has a variable, or is set elsewhere (None)."""
    return written is None or (isinstance(written, str) and "$" in written)


def _rank(variable: str) -> tuple[bool, bool, str]:
    upper = variable.upper()
    return "RELEASE" not in upper, "VERSION" not in upper, upper
