"""Where the content of a secret or of a config comes from."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Source:
    """A secret or a config at the top level of the compose file.

    Unless it is external, one of three is set: `file`, an absolute path; `variable`, a variable of
    the shell or of the env file; `content`, the text itself.
    """

    key: str
    file: str | None = None
    variable: str | None = None
    content: str | None = field(default=None, repr=False)
    is_external: bool = False
