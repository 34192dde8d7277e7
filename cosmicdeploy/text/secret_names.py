"""Recognize secrets by the name of the variable, or by a password in a URL; never show a value."""

from __future__ import annotations

import re

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Whole words of a name, and the ends of words, as in PGPASSWORD.
SECRET = frozenset({"AUTH", "CREDENTIAL", "CREDENTIALS", "KEY", "PASS", "PWD"})
ENDINGS = ("APIKEY", "PASSPHRASE", "PASSWD", "PASSWORD", "SECRET", "TOKEN")
# Words that show that a variable holds something about a secret, or a public key.
ABOUT = frozenset(
    {"ALGORITHM", "COUNT", "DIR", "DRIVER", "ENABLED", "EXPIRES", "EXPIRY", "FILE", "FORMAT", "GPG"}
    | {"HEADER", "HINT", "ID", "LENGTH", "LIFETIME", "MAX", "METHOD", "MIN", "MODE", "NAME", "PATH"}
    | {"PGP", "POLICY", "PREFIX", "PUBLIC", "ROUNDS", "SIZE", "TIMEOUT", "TTL", "TYPE", "URL"}
    | {"USER", "VARIABLE"}
)
# Values that answer a question, in lower case.
ANSWERS = frozenset({"0", "1", "false", "no", "null", "none", "off", "on", "true", "yes"})
URL_WITH_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@", re.IGNORECASE)
REFERENCE = re.compile(r"\$\{?\w")


def is_secret(name: str, value: str) -> bool:
    """Return whether a variable seems to hold a secret itself, not a reference to one.

    A number of at most three digits, an answer such as "yes", a path, and a reference such as
    ${NAME} are not secrets.
    """
    if not value or REFERENCE.search(value) or value.lower() in ANSWERS:
        return False
    if URL_WITH_PASSWORD.match(value):
        return True
    if value.startswith("/") or (value.isdecimal() and len(value) < 4):
        return False
    words = {word.upper() for word in WORD.findall(name)}
    if ABOUT & words or words == {"PWD"}:  # PWD alone is the working directory
        return False
    return bool(SECRET & words) or any(word.endswith(ENDINGS) for word in words)
