"""Recognize health checks that pass although the service does not work.

A rollout goes on to the next replica once the check passes, so such a check lets a broken release
replace a working one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NONE = "NONE"
# Longer commands are not judged: they are programs of their own.
LONGEST = 2000
SHELL = re.compile(r"(?:^|/)(?:ba|da|a|z)?sh$")
# The end of a command line that succeeds even if everything before it fails.
FORGIVING = re.compile(
    r"(?:\|\||;)\s*(?:(?:true|:|exit\s+0|/bin/true)\s*;?|(?P<echo>echo)\b[^|&;]*;?)\s*$"
)
# What leaves the shell with a failure before it comes to the end of the command line.
LEAVES = re.compile(r"\bexit\b(?!\s+0\b)|\bset\s+-\w*e")
# Programs that succeed without asking the service anything.
IDLE = re.compile(
    r"^\s*(?:true|:|/bin/true|exit(?:\s+0)?|sleep\s[\d.]+|date|hostname|id|echo\b[^|&;]*)\s*;?\s*$"
)
PROCESS = re.compile(r"\b(?:pgrep|pidof|kill(?:all)?\s+-0)\b|\bps\b[^|]*\|\s*grep\b")
PORT = re.compile(r"\bnc\s[^|&;]*-\w*z|/dev/tcp/|\b(?:ss|netstat)\b[^|]*\|\s*grep\b")
SENDS_NO_REQUEST = (
    (PROCESS, "it only checks that a process exists, which may hang or answer with errors"),
    (PORT, "it only checks that a port is open, while the service may answer with errors there"),
)
CURL = re.compile(r"\bcurl\b(?P<options>[^|&;]*)")
# Options of curl with which it fails on a 4xx and 5xx, or prints the status for another program.
CURL_FAILS = re.compile(r"(?:^|\s)(?:-[a-zA-Z]*f[a-zA-Z]*|--fail\S*|-w|--write-out)(?:[\s=]|$)")
# A program that examines curl's output, or a shell that does: both may look at the status.
FILTERED = re.compile(r"\|\s*(?:e?grep|jq|awk|test)\b|\$\(")


def weakness(test: Sequence[str]) -> str:
    """Return why a health check proves nothing; "" if nothing is wrong with it.

    `test` is the check as in the compose file (CMD, CMD-SHELL or NONE), or as a command line. The
    result does not repeat the arguments of the check, since they may be secret.
    """
    if tuple(test) == (NONE,):
        return "it is switched off"
    text = _command(test)
    if len(text) > LONGEST:
        return ""
    match = FORGIVING.search(text)
    if match is not None and not LEAVES.search(text, 0, match.start()):
        end = "echo" if match["echo"] else match[0].strip("|; ")
        return f"it passes whatever happens, since it ends with `{end}`"
    if IDLE.match(text):
        return f"it passes whatever happens: `{text.split()[0]}` asks the service nothing"
    if _ignores_status(text):
        return "curl without --fail passes on a 500"
    return next((why for pattern, why in SENDS_NO_REQUEST if pattern.search(text)), "")


def _command(test: Sequence[str]) -> str:
    """Return the command line that the check runs, without the shell that runs it."""
    words = list(test)
    if words[:1] in (["CMD"], ["CMD-SHELL"]):
        words = words[1:]
    if len(words) > 2 and SHELL.search(words[0]) and words[1] == "-c":
        words = words[2:]
    return " ".join(words)


def _ignores_status(text: str) -> bool:
    """Return whether the command uses curl, and nothing in it notices the status of a response."""
    options = [match["options"] for match in CURL.finditer(text)]
    if not options or FILTERED.search(text):
        return False
    return not any(map(CURL_FAILS.search, options))
