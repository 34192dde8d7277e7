"""The configuration of a proxy, from wherever the stack's files have it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from cosmicdeploy.adoption.reading.declared import one_line, shown_path
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.secrecy import is_secret_variable
from cosmicdeploy.adoption.reading.texts.source_files import MAX_TOTAL, access_problem, below
from cosmicdeploy.adoption.reading.texts.text_file import MAX_BYTES, SearchedText
from cosmicdeploy.proxy.declared.mounted import filled
from cosmicdeploy.stack.model import Mount

_SUFFIXES = ("", ".cfg", ".conf", ".json", ".template", ".tmpl", ".toml", ".yaml", ".yml")
# Words in the path of a mounted file or folder that holds configuration, not what is served.
_CONFIGURATION = re.compile(r"(?:^|[/.])(?:etc|conf|conf\.d|config|configs|templates)(?:[/.]|$)")
_FILES = re.compile(r"(?:^|/)(?:Caddyfile[\w.-]*|[\w.-]+\.(?:conf|cfg)(?:\.template|\.tmpl)?)$")
_MAX_VALUE = 200


def proxy_texts(survey: Survey, name: str) -> list[SearchedText]:
    """Return the configuration of a proxy.

    It is mounted, copied into its image, in its command or in its variables. References to the
    environment, as in templates, are replaced by the variables' values (`filled`), unless a value
    is long or may be a secret. The texts are searched, and never shown. Those beyond `MAX_TOTAL`
    are left out.
    """
    short = {
        key: value
        for key, value in survey.services[name].environment.items()
        if len(value) <= _MAX_VALUE and not is_secret_variable(key)
    }
    texts: dict[str, SearchedText] = {}
    total = 0
    for each in _all(survey, name):
        text = filled(each.text, short)
        total += len(text)
        if text and total <= MAX_TOTAL:
            texts.setdefault(each.shown, replace(each, text=text))
    return list(texts.values())


def _all(survey: Survey, name: str) -> Iterator[SearchedText]:
    service = survey.services[name]
    for mount in filter(_is_configuration, service.mounts):
        yield from _mounted(survey, name, Path(mount.source))
    for copied in service.copied_files:
        if copied.key.startswith("configs.") and len(copied.content) <= MAX_BYTES:
            yield SearchedText(one_line(copied.key), copied.content)
    for source in survey.sources[name].files:
        if _FILES.search(source.name):
            yield survey.text(name, source)
    command = survey.command(name)
    if command.value:
        yield SearchedText(command.evidence, command.value, is_file=False)
    for variable, value in service.environment.items():
        if len(value) <= _MAX_VALUE:
            place = survey.environment_place(name, variable)
            yield SearchedText(f"{place}, {one_line(variable)}", value, is_file=False)


def _is_configuration(mount: Mount) -> bool:
    if mount.type != "bind" or mount.key.startswith("secrets."):
        return False
    return bool(_CONFIGURATION.search(mount.target) or _FILES.search(mount.source))


def _mounted(survey: Survey, name: str, path: Path) -> Iterator[SearchedText]:
    if problem := access_problem(path):
        survey.add_unread(name, f"{shown_path(str(path), survey.folder)}: {problem}")
    for file, found in below(path):
        if PurePosixPath(file).suffix in _SUFFIXES or _FILES.search(file):
            yield survey.text(name, survey.file(file, found))
