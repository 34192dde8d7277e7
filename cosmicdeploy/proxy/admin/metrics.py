"""Read counters from a page of metrics in Prometheus' text format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

LINE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)\{(?P<labels>[^}]*)\} (?P<value>[0-9.eE+]+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
SERVER_ERROR = 500


def samples(text: str, name: str) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield the labels and the value of each sample of a metric."""
    for line in text.splitlines():
        match = LINE.match(line)
        if match and match["name"] == name:
            try:
                yield dict(LABEL.findall(match["labels"])), float(match["value"])
            except ValueError:
                continue


def server_errors(text: str, name: str) -> int | None:
    """Return the sum of a metric over the codes of 5xx; None if the page lacks the metric."""
    found = [
        (labels.get("code", ""), value)
        for labels, value in samples(text, name)
        if labels.get("code", "").isdecimal()
    ]
    if not found:
        return None
    return round(sum(value for code, value in found if int(code) >= SERVER_ERROR))
