"""Scales, tracks and plots: positions, texts for a screen reader, and bounds."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from cosmicdeploy.journal.records.summary import Series
from cosmicdeploy.report.page.drawing import latency
from cosmicdeploy.report.page.drawing.elements import el, link, to_html
from cosmicdeploy.report.page.drawing.scale import LatencyScale, TimeScale, clock, milliseconds
from cosmicdeploy.report.page.drawing.tracks import Band, Bar, axis, track
from tests.unit.journal.history.recorded import FAILURES

pytestmark = pytest.mark.unit
SERIES = Series.model_validate(FAILURES)


def of_class(element: Element, name: str) -> list[Element]:
    return [each for each in element.iter() if name in each.get("class", "").split()]


def test_text_and_attributes_are_escaped_and_sanitized() -> None:
    element = el("p", "<b>&\x1b[2J", None, el("i"), "after", class_='"x"', data_a=1.50, hidden=None)
    assert to_html(element) == (
        r'<p class="&quot;x&quot;" data-a="1.5">&lt;b&gt;&amp;\x1b[2J<i></i>after</p>'
    )


@pytest.mark.parametrize(
    ("url", "tag"), [("https://ci/7", "a"), ("javascript:alert(1)", "span"), ("", "span")]
)
def test_only_web_addresses_become_links(url: str, tag: str) -> None:
    assert link(url, "job").tag == tag


def test_times_are_percent_and_stay_within_the_drawing() -> None:
    scale = TimeScale(20.0)
    assert [scale.x(at) for at in (-5, 0, 5, 20, 99)] == [0, 0, 25, 100, 100]
    assert scale.width(5, 5) == 0.4 and scale.width(5, 15) == 50
    assert TimeScale(0.0).x(0.0) == 0.0


@pytest.mark.parametrize("seconds", [0.0, 0.3, 4.0, 28.8, 61.0, 3600.0, 86_400.0, 10.0**7])
def test_an_axis_has_few_round_ticks_within_the_run(seconds: float) -> None:
    ticks = TimeScale(seconds).ticks()
    assert ticks[0] == 0 and 1 <= len(ticks) <= 8
    assert all(0 <= tick <= max(seconds, 0.1) for tick in ticks)
    assert axis(TimeScale(seconds)).get("aria-hidden") == "true"


def test_latencies_are_logarithmic() -> None:
    scale = LatencyScale(1000.0, 90.0)
    assert [scale.y(ms) for ms in (0.1, 1, 10, 100, 1000, 9000)] == [90, 90, 60, 30, 0, 0]
    assert scale.ticks() == [1, 10, 100, 1000]
    assert LatencyScale(0.0, 90.0).ticks() == [1, 10]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (4.25, "4.2 s"), (75, "75 s"), (725, "12:05 min"), (12_000, "3:20 h")],
)
def test_times_in_words(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(4.25, "4.2 ms"), (120, "120 ms"), (1500, "1.5 s")])
def test_latencies_in_words(value: float, text: str) -> None:
    assert milliseconds(value) == text


def test_a_track_has_its_bars_and_says_them() -> None:
    bars = [Bar(began=5, ended=10, look="failed", text="it failed", label="2")]
    drawing = track(
        TimeScale(20.0), bars, [Band(began=0, ended=1, text="maintenance")], name="rollout"
    )
    assert (drawing.get("role"), drawing.get("aria-label")) == ("img", "rollout: it failed")
    assert [each.text for each in drawing[:2]] == ["rollout", "it failed"]
    [bar] = of_class(drawing, "failed")
    assert (bar.get("x"), bar.get("width")) == ("25.0%", "25.0%")
    assert len(of_class(drawing, "band")) == 1
    assert [each.text for each in of_class(drawing, "on-bar")] == ["2"]


def test_a_bar_at_the_end_of_the_run_can_be_seen() -> None:
    bars = [Bar(began=20, ended=20, look="passed", text="", label="a narrow one")]
    drawing = track(TimeScale(20.0), bars, name="verify")
    [bar] = of_class(drawing, "passed")
    assert (bar.get("x"), bar.get("width")) == ("99.6%", "0.4%")
    assert of_class(drawing, "on-bar") == []


def test_a_panel_shows_lines_failures_and_what_they_say() -> None:
    drawing = latency.panel(TimeScale(6.0), LatencyScale(250.0, latency.HEIGHT), SERIES, 1.0, [])
    # The fourth interval has no response, so each line has two parts.
    assert [len(of_class(drawing, look)) for look in ("p50", "p99")] == [2, 2]
    [failed] = of_class(drawing, "failures")
    assert (failed.get("x"), failed.get("height")) == ("33.333%", "60")
    assert len(of_class(drawing, "hover")) == 6
    assert drawing.get("aria-label") == latency.description(SERIES)
    assert "60 requests, 3 failed" in latency.description(SERIES)
    assert "250 ms" in latency.description(SERIES)


def test_a_single_response_is_a_line_that_can_be_seen() -> None:
    one = Series(sent=[1], failed=[0], p50_ms=[4.0], p99_ms=[4.0])
    drawing = latency.panel(TimeScale(1.0), LatencyScale(4.0, latency.HEIGHT), one, 1.0, [])
    [line] = of_class(drawing, "p50")
    assert len(line.get("points", "").split()) == 2


def test_without_any_response() -> None:
    none = Series(sent=[0], failed=[0], p50_ms=[None], p99_ms=[None])
    drawing = latency.panel(TimeScale(1.0), LatencyScale(1.0, latency.HEIGHT), none, 1.0, [])
    assert of_class(drawing, "p50") == []
    assert latency.description(none) == "no response in the whole run"
