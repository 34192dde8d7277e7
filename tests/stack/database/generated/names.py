"""Unusual names for objects and columns; a number in each name makes it unique."""

from __future__ import annotations

from itertools import count

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

LONGEST = 64
# In the names of files, MariaDB writes five bytes for each Ü and 日.
LONG = (("x", LONGEST), ("Ü", 48), ("日", 48))
RESERVED = (
    *("select", "table", "order", "group", "key", "index", "rank", "system", "window", "from"),
    *("lateral", "desc", "values", "trigger", "procedure", "database", "default", "check"),
)
# {n} is the number that makes the name unique.
STYLES = (
    *("t{n}", "T{n}", "Table{n}", "{n}", "{n}e1", "_{n}", "$x{n}", "a.b{n}", "a b {n}", " a{n}"),
    *("100%{n}", "%s{n}", "%(x)s{n}", "a`b{n}", "`{n}`", "it's {n}", 'a"b{n}', "a\\{n}", "\\n{n}"),
    *(
        "[red]{n}[/]",
        "[/{n}]",
        "<b>{n}</b>",
        "a;b{n}",
        "a/b{n}",
        "-- {n}",
        "#{n}",
        "/*{n}",
        "*/{n}",
    ),
    *("a,b{n}", "(a{n})", "a@b{n}", "ß{n}", "日本{n}", "☃{n}", "e\u0301{n}", "ﬁ{n}", "\u200b{n}"),
    *("a\tb{n}", "\x1b[31m{n}", "\x7f{n}", "…{n}"),
)
# A dump cannot hold a name with a line end; no server takes one beyond U+FFFF.
RARE = ("a\nb{n}", "a\r\nb{n}", "😀{n}")
PLAIN = "t{n}"


class Names:
    """Draws names that differ from each other, also if case and accents are ignored.

    Instances with another `start` draw other names. One list of schemas uses each reserved word at
    most once.
    """

    def __init__(self, draw: DrawFn, start: int) -> None:
        self._draw = draw
        self._numbers = count(start)
        self._reserved = iter(RESERVED[start // 100 % len(RESERVED) :][:1])

    def next(self, *, odd: bool = True) -> str:
        """Return the next name; `odd` names are plain in half of all cases."""
        number = next(self._numbers)
        shape = self._draw(st.integers(0, 9)) if odd else 0
        if shape < 5:
            return PLAIN.format(n=number)
        if shape == 8:
            letter, length = self._draw(st.sampled_from(LONG))
            return letter * (length - len(str(number))) + str(number)
        if shape == 9 and (word := next(self._reserved, "")):
            return word
        styles = RARE if self._draw(st.integers(0, 19)) == 19 else STYLES
        return self._draw(st.sampled_from(styles)).replace("{n}", str(number))

    def twin(self, name: str) -> str:
        """Return a name that differs from another only in case or accents, or a new name."""
        number = next(self._numbers)
        twins = [name.swapcase(), name.replace("t", "ţ", 1), name.replace("T", "Ť", 1)]
        different = [each for each in twins if each != name and len(each) <= LONGEST]
        return self._draw(st.sampled_from(different)) if different else f"t{number}"
