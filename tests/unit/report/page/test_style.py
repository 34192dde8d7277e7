"""The page can be read: contrast as WCAG 2 computes it, and nothing wider than a phone."""

from __future__ import annotations

import re

import pytest

from cosmicdeploy.report.page.document import STYLE

pytestmark = pytest.mark.unit
CSS = STYLE.read_text()
# The level AA: of a text, and of a drawing.
TEXT, DRAWING = 4.5, 3.0
PHONE_REM = 360 / 16
Colors = dict[str, str]


def colors(block: str) -> Colors:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", block.split("}", maxsplit=1)[0]))


SCHEMES = {
    "light": colors(CSS),
    "dark": colors(CSS.split("prefers-color-scheme: dark")[1]),
    "print": colors(CSS.split("@media print")[1]),
}


def luminance(color: str) -> float:
    digits = color[1:] if len(color) > 4 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_can_be_read_on_its_ground(scheme: str) -> None:
    own = SCHEMES[scheme]
    texts = set(re.findall(r"[ {;]color: var\(--([\w-]+)\)", CSS))
    assert texts == {"text", "muted", "ok", "bad", "warn", "blue", "undone"}
    for text in texts:
        for ground in ("page", "card"):
            assert contrast(own[text], own[ground]) >= TEXT, (text, ground)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_bar_can_be_seen_and_its_label_be_read(scheme: str) -> None:
    own = SCHEMES[scheme]
    bars = set(re.findall(r"fill: var\(--([\w-]+)\)", CSS)) - {"band", "muted", "on-bar"}
    assert {"grey", "blue", "orange", "light"} <= bars
    for bar in bars:
        assert contrast(own[bar], own["card"]) >= DRAWING, bar
        assert contrast(own["on-bar"], own[bar]) >= TEXT, bar


def test_nothing_is_wider_than_a_phone() -> None:
    narrow = CSS.split("@media (max-width")[0]
    widths = [float(each) for each in re.findall(r"(?<!max-)width: ([\d.]+)rem", narrow)]
    assert widths and sum(widths) < PHONE_REM  # those of one table's columns
    assert not re.search(r"(?<!max-)width: (?:\d{3,}px|[3-9]\drem)", CSS)
    # A track of a grid is as wide as its longest word, unless it may shrink.
    tracks = re.findall(r"grid-template-columns: ([^;]+);", CSS)
    assert tracks and not [each for each in tracks if re.search(r"(?<!, )\b1fr", each)]
