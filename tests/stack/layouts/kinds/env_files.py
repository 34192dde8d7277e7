"""A stack whose application gets its variables from env files, in each form of interpolation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.stack.layouts.kinds.by_variable import ByVariable

# Read for the compose file itself.
OUTER = """\
EMPTY=
WORD=word
LONGER=${WORD}-more
DOLLARS=a$$b
DEFAULTED=${UNSET:-by default}
LITERAL='${WORD} $WORD'
"""
INNER = r"""
export EXPORTED=yes
COMMENT=word # not part of it
HASH=word#part
SINGLE='$WORD ${WORD} \n "x"' # not part of it
DOUBLE="a\tb\nc \"x\" $WORD"
LINES="first
second"
BACKSLASH=a\nb \$WORD
URL=mysql://$NOBODY:p$$w@db/name
BARE=$WORD.txt
LATER=${BELOW}
BELOW=late
OF_EMPTY=${EMPTY-default} ${EMPTY:-default}
OF_UNSET=${UNSET-default} ${UNSET:-a ${WORD}}
OTHER=${WORD:+other}${EMPTY+other}${EMPTY:+none}${UNSET+none}
MUST=${WORD:?message}
TWICE=one
TWICE=two
OVERRIDDEN=by the file
lower.case-name=word
UMLAUT=größe
JSON={"a": "$WORD", "b": [1, 2]}
"""
LAST = "SEES=${BARE}\nNUMBER=017\n"
ENVIRONMENT = {
    "OVERRIDDEN": "by the compose file",
    "FILE_WORD": "$WORD ${LONGER}",
    "FILE_DOLLARS": "${DOLLARS} $$WORD $${WORD}",
    "FILE_DEFAULTED": "${DEFAULTED}",
    "FILE_LITERAL": "${LITERAL}",
    "FILE_EMPTY": "${EMPTY-default}${EMPTY:-default}${EMPTY+other}",
}


@dataclass(frozen=True)
class EnvFiles(ByVariable):
    """Two env files of which the second sees the first, and one that is not there."""

    def files(self, release: str) -> dict[str, str]:
        files = super().files(release) | {"app.env": INNER, "last.env": LAST}
        files[".env"] += OUTER
        return files

    def compose_file(self) -> dict[str, Any]:
        compose = super().compose_file()
        app = compose["services"]["app"]
        app["env_file"] = ["app.env", {"path": "absent.env", "required": False}, "last.env"]
        app["environment"] |= ENVIRONMENT
        return compose
