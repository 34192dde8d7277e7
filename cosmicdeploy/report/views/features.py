"""Show the application's features, and whether each is on."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from cosmicdeploy.probes.result import FeatureState
from cosmicdeploy.report.console import styled
from cosmicdeploy.report.tables import table
from cosmicdeploy.text.formatting import format_timestamp

COLUMNS = ("feature", "state", "since", "by", "description")


def show_features(console: Console, features: Iterable[FeatureState]) -> None:
    """Print a table with a row for each feature."""
    rows = [
        {
            "feature": feature.name,
            "state": _state(feature),
            "since": format_timestamp(feature.since),
            "by": feature.by,
            "description": feature.found or feature.description,
        }
        for feature in features
    ]
    console.print(table(COLUMNS, rows))


def show_switched_off(console: Console, features: Iterable[FeatureState]) -> None:
    """Print each feature that is off or unknown; if it is off, also how to switch it on."""
    for feature in features:
        if feature.enabled is None:
            line = f"{feature.name}: {feature.found}"
            console.print(styled("[yellow]unknown:[/] feature {}", line), soft_wrap=True)
        elif not feature.enabled:
            console.print(
                styled("[yellow]switched off:[/] {}", feature.name + feature.noted), soft_wrap=True
            )
            todo = f"`cosmicdeploy features enable {feature.name}` switches it on again"
            console.print(f"  → {todo}", soft_wrap=True)


def _state(feature: FeatureState) -> str:
    if feature.enabled is None:
        return "unknown"
    return "on" if feature.enabled else "off"
