"""Shell scripts that put files into a volume, undo that, and clean up afterwards.

The scripts run in the folder of the volume, in the shell of the application's image. Only renames
change what clients see, so each file is completely old or completely new. Files that are set aside
are in folders of the volume that only root may read, since the proxy serves the volume.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from posixpath import basename, dirname, join
from shlex import quote

from cosmicdeploy.steps.static_files.renewal import Renewal

# The name of a run's folder in the volume is PREFIX and eight hexadecimal digits.
PREFIX = ".cosmicdeploy-"
# The folder for copies of replaced files that no deploy had put into the volume.
KEPT = ".cosmicdeploy-kept"
# A command line has at most this many names: the kernel limits its length.
NAMES = 200

NEW_FOLDER = """\
folder() {
    [ -d "$1" ] && return
    mkdir -- "$1"
    chown "$(stat -c %u:%g -- "$source/$1")" "$1"
    chmod "$(stat -c %a -- "$source/$1")" "$1"
}
"""
RESTORE = """\
back() {
    if [ -e "$own/old/$1" ] || [ -L "$own/old/$1" ]; then mv -f -- "$own/old/$1" "$1"; fi
}
"""


def install_script(name: str, source: str, changes: Renewal, folders: Iterable[str]) -> str:
    """Return the script that puts the files of an image in place.

    `name` is the name of the run's folder, without PREFIX. `source` is the folder with the files of
    the image. `folders` are the folders that the volume lacks. The script first copies everything,
    so that a full disk changes nothing that clients see.
    """
    own = PREFIX + name
    replaced = (*changes.replaced, *changes.unknown)
    return "\n".join(
        [
            f"set -eu\numask 077\nsource={quote(source)}\n{NEW_FOLDER}",
            *_copies(changes.written, f"{source}/", f"{own}/new"),
            *_copies(replaced, "", f"{own}/old"),
            *_copies(changes.unknown, "", f"{KEPT}/{name}"),
            *(f"folder {quote(folder)}" for folder in sorted(folders)),
            *_moves(changes.written, f"{own}/new"),
            f"rm -rf {own}/new\n",
        ]
    )


def undo_script(name: str, changes: Renewal, folders: Iterable[str]) -> str:
    """Return the script that undoes `install_script`, even if that was killed half-way."""
    own = PREFIX + name
    replaced = (*changes.replaced, *changes.unknown)
    return "\n".join(
        [
            f"set -eu\nown={own}\n{RESTORE}",
            *(f"back {quote(path)}" for path in replaced),
            *_in_parts("rm -f --", changes.added),
            *(
                f"rmdir -- {quote(folder)} 2>/dev/null || true"
                for folder in sorted(folders, reverse=True)
            ),
            f"rm -rf {KEPT}/{name}",
            f"rmdir {KEPT} 2>/dev/null || true",
            f"rm -rf {own}\n",
        ]
    )


def clean_script(kept: Iterable[str]) -> str:
    """Return the script that removes the folders of earlier runs, except `KEPT`.

    `kept` are the names, without PREFIX, of further folders that stay.
    """
    names = "|".join([KEPT, *(PREFIX + name for name in kept)])
    return (
        f"for own in {PREFIX}*; do\n"
        f'    case "$own" in {names}) ;; *) rm -rf -- "$own" ;; esac\n'
        "done\n"
    )


def _copies(paths: Sequence[str], source: str, target: str) -> Iterator[str]:
    """Yield commands that copy files with owner, mode and time, and links as links."""
    for folder, names in _by_folder(paths):
        to = join(target, folder)
        yield f"mkdir -p {quote(to)}"
        files = " ".join(quote(source + join(folder, name)) for name in names)
        yield f"cp -dp -- {files} {quote(to)}/"


def _moves(paths: Sequence[str], source: str) -> Iterator[str]:
    for folder, names in _by_folder(paths):
        files = " ".join(quote(join(source, folder, name)) for name in names)
        yield f"mv -f -- {files} {quote(folder or '.')}/"


def _in_parts(command: str, paths: Sequence[str]) -> Iterator[str]:
    """Yield the command with all paths, at most `NAMES` in each line."""
    for part in _parts(paths):
        yield f"{command} {' '.join(map(quote, part))}"


def _by_folder(paths: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each folder with the names of its files, at most `NAMES` at a time."""
    names: dict[str, list[str]] = {}
    for path in paths:
        names.setdefault(dirname(path), []).append(basename(path))
    for folder, own in names.items():
        for part in _parts(own):
            yield folder, part


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + NAMES] for start in range(0, len(names), NAMES))
