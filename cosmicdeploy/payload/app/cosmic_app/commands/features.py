"""The commands feature:list, feature:disable and feature:enable."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from cosmic_app.console.context import Command, CommandFailed, Console
from cosmic_app.console.table import render_table
from cosmic_app.features import State, Switches, UnknownFeature, as_json


def show(console: Console, options: Namespace) -> int:
    """Show which features are on and which are off."""
    states = Switches(console.settings.features).states()
    if options.json:
        console.line(as_json(states))
        return 0
    rows = [(state.name, describe(state), state.description) for state in states]
    console.line(render_table(("Feature", "State", "Description"), rows))
    return 0


def describe(state: State) -> str:
    """Describe a state in words."""
    if state.enabled:
        return "enabled"
    since = f" since {state.since}" if state.since else ""
    by = f" by {state.by}" if state.by else ""
    return f"disabled{since}{by}"


def disable(console: Console, options: Namespace) -> int:
    """Turn a feature off in all containers."""
    switches = Switches(console.settings.features)
    try:
        changed = switches.disable(options.name, options.by)
    except UnknownFeature as error:
        raise CommandFailed(str(error)) from error
    console.line(f"Feature {options.name} {'disabled' if changed else 'was disabled already'}.")
    return 0


def enable(console: Console, options: Namespace) -> int:
    """Turn a feature on again."""
    switches = Switches(console.settings.features)
    try:
        changed = switches.enable(options.name)
    except UnknownFeature as error:
        raise CommandFailed(str(error)) from error
    console.line(f"Feature {options.name} {'enabled' if changed else 'was enabled already'}.")
    return 0


def list_options(parser: ArgumentParser) -> None:
    """Add the options of feature:list."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def name_argument(parser: ArgumentParser) -> None:
    """Add the name of a feature, the only argument of feature:enable."""
    parser.add_argument("name", help="the feature")


def disable_options(parser: ArgumentParser) -> None:
    """Add the options of feature:disable."""
    name_argument(parser)
    parser.add_argument("--by", default="", help="who turns the feature off, for feature:list")


COMMANDS = (
    Command(
        name="feature:list",
        description="Show which features are enabled",
        handle=show,
        options=list_options,
    ),
    Command(
        name="feature:disable",
        description="Turn a feature off in all containers",
        handle=disable,
        options=disable_options,
    ),
    Command(
        name="feature:enable",
        description="Turn a feature on again",
        handle=enable,
        options=name_argument,
    ),
)
