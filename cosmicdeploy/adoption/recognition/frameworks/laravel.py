"""What Laravel's conventions add to the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cosmicdeploy.adoption.facts import Fact, Setting, setting
from cosmicdeploy.adoption.reading.survey import Survey

# Artisan's commands that clear what was cached for another release.
CLEARS = ("cache:clear", "config:clear", "route:clear")
_LOG, _CONFIG_CACHE = "storage/logs/laravel.log", "bootstrap/cache/config.php"
# Channels that write no log file.
_WITHOUT_FILE = ("errorlog", "null", "papertrail", "stderr", "stdout", "syslog")
_POOL_USER = re.compile(r"^[ \t]*user[ \t]*=[ \t]*([a-z_][a-z0-9_-]*)\s*$", re.MULTILINE)
_FPM = re.compile(r"php:\S*fpm")
_ROOT = ("", "root", "0", "0:0")


def laravel_settings(
    survey: Survey, name: str, background: tuple[str, ...], evidence: str
) -> Iterator[Setting]:
    """Yield settings for the application `name`; `background` are its scheduler and workers."""
    if (user := _console_user(survey, name, background)) is not None:
        yield setting("app.user", user)
    folder = _working_directory(survey, name)
    log_file = _log_file(survey, name, folder) if folder else None
    if log_file is not None:
        yield setting("app.log_file", log_file)
        follow = Fact(value=True, evidence="Laravel logs to that file only", mark=log_file.mark)
        yield setting("monitoring.log_file", follow)
    clears = "Laravel; cache:clear empties the cache's store, so sessions and queue need another"
    yield setting("cache_clear.commands", Fact(value=list(CLEARS), evidence=clears))
    if folder is not None:
        path = f"{folder.value.rstrip('/')}/{_CONFIG_CACHE}"
        yield setting(
            "diagnose.config_cache", Fact(value=path, evidence=f"{evidence}, {folder.evidence}")
        )


def _console_user(survey: Survey, name: str, background: tuple[str, ...]) -> Fact[str] | None:
    """Return the user that serves requests, if the container itself starts as root."""
    image = survey.images[name].user
    own = survey.services[name].user or (image.value if image else "")
    if own not in _ROOT:
        return None
    for file in survey.sources[name].code():
        is_pool = file.path.suffix == ".conf" and "[www]" in file.text
        match = _POOL_USER.search(file.text) if is_pool else None
        if match and match[1] not in _ROOT:
            return Fact(value=match[1], evidence=f"{file.place(match.start(1))}, PHP-FPM's user")
    for each in background:
        user = survey.services[each].user
        if user and user not in _ROOT:
            return Fact(value=user, evidence=f"{survey.place(each, 'user')}, {each}", mark="guess")
    if any(_FPM.match(each.rpartition("/")[2]) for each in survey.images[name].names):
        return Fact(value="www-data", evidence="PHP-FPM's default user", mark="guess")
    return None


def _working_directory(survey: Survey, name: str) -> Fact[str] | None:
    own = survey.services[name].working_dir
    if own:
        return Fact(value=own, evidence=survey.place(name, "working_dir"))
    return survey.images[name].working_directory


def _log_file(survey: Survey, name: str, folder: Fact[str]) -> Fact[str] | None:
    channel = survey.services[name].environment.get("LOG_CHANNEL", "")
    if channel in _WITHOUT_FILE:
        return None
    path = f"{folder.value.rstrip('/')}/{_LOG}"
    logging = survey.sources[name].named("config/logging.php")
    if logging is not None and "logs/laravel.log" in logging.text:
        place = logging.place(logging.text.index("logs/laravel.log"))
        return Fact(value=path, evidence=f"{place}, {folder.evidence}")
    return Fact(value=path, evidence=f"Laravel's default, {folder.evidence}", mark="guess")
