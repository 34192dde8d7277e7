"""From when on `checklist` calls something worse, and where it looks."""

from __future__ import annotations

import re

from pydantic import Field

from cosmicdeploy.settings.section import Section, Url


class External(Section):
    """A service beside the stack: the status that it has to answer with, and a text in the body."""

    name: str
    url: Url
    status: int = Field(default=200, ge=100, le=599)
    body: str = ""


class Borne(Section):
    """What is well whatever it was before. `latency` in seconds; `failures`, `limited` and `hits`
    are shares of one, the last one a difference."""

    failures: float = Field(default=0.001, ge=0, le=1)
    error_lines: int = Field(default=3, ge=0)
    limited: float = Field(default=0.2, ge=0, le=1)
    latency: float = Field(default=0.005, ge=0)
    threads: int = Field(default=10, ge=1)
    per_minute: float = Field(default=1, ge=0)
    hits: float = Field(default=0.02, ge=0, le=1)


class Checklist(Section):
    """What `checklist` goes by: words and patterns of log lines, and from when on more is worse."""

    scheduled: str = ""
    errors: re.Pattern[str] = re.compile(r"\b(?:ERROR|CRITICAL|ALERT|EMERGENCY)\b")
    migration_errors: re.Pattern[str] = re.compile(
        r"(?i)SQLSTATE\[42S|unknown column|table .*doesn.t exist"
        r"|migrat\w* .*\b(?:error|exception|failed)\b"
    )
    burst: int = Field(default=150, ge=1, le=1000)
    external: tuple[External, ...] = ()
    ratio: float = Field(default=1.5, ge=1)
    borne: Borne = Borne()
