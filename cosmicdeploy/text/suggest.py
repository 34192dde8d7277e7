"""Suggest a known word for a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

# If more words than this match, none is suggested: a long list is no hint.
MAX_SUGGESTED = 5


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return a hint such as "did you mean 'image'?"; "" if no or too many candidates match.

    If candidates start with the word, the hint names these candidates; otherwise it names the
    closest ones.
    """
    known = list(dict.fromkeys(candidates))
    suggestions = [candidate for candidate in known if word and candidate.startswith(word)]
    suggestions = suggestions or list(_closest(word, known))
    if not suggestions or len(suggestions) > MAX_SUGGESTED:
        return ""
    *others, last = (f"'{suggestion}'" for suggestion in suggestions)
    return f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def _closest(word: str, known: Sequence[str]) -> Sequence[str]:
    """Return the candidates that are equally close to the word, and closer than all others."""
    matches = difflib.get_close_matches(word, known, n=MAX_SUGGESTED)
    ratios = {match: difflib.SequenceMatcher(None, match, word).ratio() for match in matches}
    return [name for name in known if name in ratios and ratios[name] == max(ratios.values())]
