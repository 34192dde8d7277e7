"""Find the commands in a folder's texts that name compose files, such as in a README or Makefile.

They show whether the file for production is read alone, or over another one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.declared import shown_path
from cosmicdeploy.adoption.reading.texts.secrecy import is_secret_file
from cosmicdeploy.adoption.reading.texts.text_file import TextFile

# The files of a folder in which people write down how Compose is run, the most telling first.
_PATTERNS = (
    "[Mm]akefile", "[Jj]ustfile", "[Tt]askfile.y*ml", "*.mk", "*.sh", "*compose*.y*ml",
    "package.json", "composer.json", "*.md", ".gitlab-ci.yml", ".github/workflows/*.y*ml",
    "scripts/*", "bin/*", "deploy/*", "docs/*.md",
)  # fmt: skip
_MOST_FILES = 200
_OPTION = r"(?:-f|--file)(?:[ \t]+|=)[\"']?(?:\./)?([\w.-][\w./-]{0,200}\.ya?ml)[\"']?"
_FILE = re.compile(_OPTION)
_COMMAND = re.compile(rf"{_OPTION}(?:[\s\\]{{1,40}}{_OPTION}){{0,9}}")


def files_of_commands(file: Path) -> Fact[tuple[Path, ...]] | None:
    """Return the compose files that most commands read together with this file.

    Comments count too: those of a compose file often say how it is used. Returns None if no text of
    the folder has a command with this file.
    """
    places: dict[tuple[Path, ...], str] = {}
    counts: Counter[tuple[Path, ...]] = Counter()
    for text in _texts(file.parent):
        for match in _COMMAND.finditer(text.text):
            named = tuple(file.parent / name for name in _FILE.findall(match[0]))
            if file in named and all(each.is_file() for each in named):
                places.setdefault(named, text.place(match.start()))
                counts[named] += 1
    if not counts:
        return None
    files, _ = counts.most_common(1)[0]
    return Fact(value=files, evidence=f"{places[files]} runs Compose with it")


def _texts(folder: Path) -> Iterator[TextFile]:
    paths = (path for pattern in _PATTERNS for path in sorted(folder.glob(pattern)))
    for path in islice(dict.fromkeys(paths), _MOST_FILES):
        if not is_secret_file(path.name):
            yield TextFile(path.name, path, shown_path(str(path), folder))
