"""The monitor's events as a live view, as lines and as JSON."""

from __future__ import annotations

import json
import re
import time
from io import StringIO

import pytest
from rich.console import Console

from cosmicdeploy.probes.monitor.event import MonitorEvent
from cosmicdeploy.report.monitor.lines import JsonLines, LinePrinter
from cosmicdeploy.report.monitor.screen import LiveView, event_line
from tests.unit.operations.monitor_events import transition_event

pytestmark = pytest.mark.unit


def state_event(topic: str, **facts: object) -> MonitorEvent:
    return MonitorEvent(at=time.time(), topic=topic, source=topic, text="", facts=facts, quiet=True)


def test_the_view_fits_80_columns_and_24_lines() -> None:
    console = Console(file=StringIO(), width=80, height=24, force_terminal=True, no_color=True)
    view = LiveView(console, "monitor cosmic")
    row = {"state": "healthy", "release": "2", "restarts": 0, "since": "2026-11-24T08:11:23.5Z"}
    view.show(
        [
            state_event("latency", sent=60, failed=1, p50_ms=3.0, p99_ms=9.0, max_ms=20.0),
            state_event("health", rows=[{"service": f"cosmic-app-{n}", **row} for n in range(8)]),
            state_event("flapping", rows=[{"device_name": "KIOSK-07", "transitions": 5}]),
            state_event("changes", rows=[{"at": 1.0, "device_name": "K", "to_status": "C" * 90}]),
            *(transition_event(n, "Connected", "output", device=n) for n in range(40)),
            MonitorEvent(
                at=1.0,
                topic="app",
                source="cosmic-scheduler",
                text="[2026-11-24 08:11:23] \x1b[31mred\tline\x1b[0m",
            ),
        ]
    )
    options = console.options.update(height=24)
    lines = [
        "".join(segment.text for segment in line)
        for line in console.render_lines(view, options, pad=False)
    ]
    assert len(lines) == 24 and max(map(len, lines)) <= 80
    assert "1 of 60 failed" in lines[1]
    assert "KIOSK-07 (5)" in "\n".join(lines)
    assert lines[-1].endswith(" cosmic-scheduler red line")
    assert "KIOSK-39" in lines[-2], "the newest ones are shown"


def test_an_error_is_not_dim() -> None:
    event = MonitorEvent(at=1.0, topic="app", source="web", text="broken", facts={"error": True})
    console = Console(color_system="standard", force_terminal=True)
    [style] = [s.style for s in event_line(event, 80).render(console) if s.text == "broken"]
    assert style is not None and style.color is not None and not style.dim


def test_the_view_leaves_a_line_with_its_totals() -> None:
    out = StringIO()
    console = Console(file=out, width=80, force_terminal=True, no_color=True, highlight=False)
    with LiveView(console, "monitor cosmic") as view:
        figures = {"p50_ms": 3.0, "p99_ms": 9.0, "max_ms": 20.0}
        view.show(
            [
                state_event("latency", sent=60, failed=1, asked=700, failed_in_all=2, **figures),
                *(transition_event(n, "Connected", "output", device=n) for n in range(3)),
                MonitorEvent(at=1.0, topic="app", source="cosmic-app-1", text="a line"),
            ]
        )
    last = out.getvalue().splitlines()[-1]
    seconds = r"ended after \d+ s; 3 transitions, 1 other event, 2 of 700 requests failed"
    assert re.search(f"monitor cosmic: {seconds}$", last)


def test_an_event_is_one_line_of_text_or_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    events = [state_event("latency", sent=1), transition_event(0.0, "Connected", "output")]
    LinePrinter().show(events)
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert "transitions somewhere        KIOSK-07: Connected\n" in line
    JsonLines().show(events)
    row = json.loads(capsys.readouterr().out)
    assert row["facts"]["device_id"] == 7 and row["at"][-6] in "+-"
