"""The configuration of a proxy, from wherever the stack's files have it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath

from cosmicdeploy.adoption.reading.declared import one_line
from cosmicdeploy.adoption.reading.source_files import MAX_BYTES, MAX_TOTAL, TextFile, below
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.proxy.nginx.declared import filled
from cosmicdeploy.stack.model import Mount

_SUFFIXES = ("", ".cfg", ".conf", ".json", ".template", ".tmpl", ".toml", ".yaml", ".yml")
# Words in the path of a mounted file or folder that holds configuration, not what is served.
_CONFIGURATION = re.compile(r"(?:^|[/.])(?:etc|conf|conf\.d|config|configs|templates)(?:[/.]|$)")
_FILES = re.compile(r"(?:^|/)(?:Caddyfile[\w.-]*|[\w.-]+\.(?:conf|cfg)(?:\.template|\.tmpl)?)$")
_MAX_VALUE = 200
# More places in one text say nothing more.
_MOST_MATCHES = 100


@dataclass(frozen=True)
class ProxyText:
    """A piece of configuration; `shown` names its file, or the line of the compose file.

    `is_file` is false for a command line or a variable, whose lines have no numbers of their own.
    """

    shown: str
    text: str
    is_file: bool = True

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Yield the first matches of a pattern, without those in comments."""
        for match in islice(pattern.finditer(self.text), _MOST_MATCHES):
            if not self.line(match.start()).lstrip().startswith("#"):
                yield match

    def line(self, position: int) -> str:
        """Return the line of a position, at most its first 1,000 characters."""
        start = self.text.rfind("\n", 0, position) + 1
        end = self.text.find("\n", position)
        return self.text[start : len(self.text) if end < 0 else end][:1000]

    def place(self, position: int) -> str:
        """Return "file:line" of a position in the text."""
        if not self.is_file:
            return self.shown
        return f"{self.shown}:{self.text.count(chr(10), 0, position) + 1}"


def proxy_texts(survey: Survey, name: str) -> list[ProxyText]:
    """Return the configuration of a proxy: mounted, copied into its image, or in its command.

    Short variables of the container's environment are resolved, as templates need it. The texts are
    searched, and never shown.
    """
    short = {
        key: value
        for key, value in survey.services[name].environment.items()
        if len(value) <= _MAX_VALUE
    }
    texts: dict[str, ProxyText] = {}
    total = 0
    for each in _all(survey, name):
        total += len(each.text)
        if each.text and total <= MAX_TOTAL:
            texts.setdefault(each.shown, replace(each, text=filled(each.text, short)))
    return list(texts.values())


def _all(survey: Survey, name: str) -> Iterator[ProxyText]:
    service = survey.services[name]
    for mount in service.mounts:
        for file in _mounted(survey, mount):
            yield ProxyText(file.shown, file.text)
    for copied in service.copied_files:
        if copied.key.startswith("configs.") and len(copied.content) <= MAX_BYTES:
            yield ProxyText(one_line(copied.key), copied.content)
    for source in survey.sources[name].files:
        if _FILES.search(source.name):
            yield ProxyText(source.shown, source.text)
    command = survey.command(name)
    if command.value:
        yield ProxyText(command.seen, command.value, is_file=False)
    for variable, value in service.environment.items():
        if len(value) <= _MAX_VALUE:
            place = survey.environment_place(name, variable)
            yield ProxyText(f"{place}, {one_line(variable)}", value, is_file=False)


def _mounted(survey: Survey, mount: Mount) -> Iterator[TextFile]:
    is_configuration = _CONFIGURATION.search(mount.target) or _FILES.search(mount.source)
    if mount.type != "bind" or mount.key.startswith("secrets.") or not is_configuration:
        return
    for name, path in below(Path(mount.source)):
        if PurePosixPath(name).suffix in _SUFFIXES or _FILES.search(name):
            yield survey.file(name, path)
