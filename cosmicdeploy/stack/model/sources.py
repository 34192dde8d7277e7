"""The secrets and configs that a compose file declares."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Source:
    """A secret or config at the top level of the compose file, and the source of its content.

    `key` is its name in the compose file. Unless it is external, one of these is set: `file`, an
    absolute path; `variable`, the name of a variable of the shell or the env file; `content`, the
    text itself.
    """

    key: str
    file: str | None = None
    variable: str | None = None
    content: str | None = field(default=None, repr=False)
    is_external: bool = False
