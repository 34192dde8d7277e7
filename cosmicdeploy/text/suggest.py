"""Suggest a known word for a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

# A longer list is no hint: then the error names no word at all.
MOST_SUGGESTED = 5


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return a hint such as "did you mean 'image'?", or "" where no candidate is close.

    Candidates that start with the word come first. Equally close candidates are all named.
    """
    known = list(dict.fromkeys(candidates))
    suggestions = [each for each in known if word and each.startswith(word)]
    suggestions = suggestions or list(_closest(word, known))
    if not suggestions or len(suggestions) > MOST_SUGGESTED:
        return ""
    *others, last = (f"'{each}'" for each in suggestions)
    return f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def _closest(word: str, known: Sequence[str]) -> Sequence[str]:
    matches = difflib.get_close_matches(word, known, n=MOST_SUGGESTED)
    ratios = {each: difflib.SequenceMatcher(None, each, word).ratio() for each in matches}
    return [each for each in known if each in ratios and ratios[each] == max(ratios.values())]
