"""The commands cache:clear, config:clear and route:clear."""

from __future__ import annotations

from argparse import Namespace

from cosmic_app.cache import CACHE_PREFIX
from cosmic_app.console.context import Command, Console


def clear_cache(console: Console, options: Namespace) -> int:
    """Delete the cached values in Redis; locks and jobs stay."""
    client = console.connect_redis()
    for key in client.scan_iter(match=f"{CACHE_PREFIX}*", count=1000):
        client.unlink(key)
    console.line("Application cache cleared!")
    return 0


def clear_configuration(console: Console, options: Namespace) -> int:
    """Only report success: no configuration is cached, since each start reads the environment."""
    console.line("Configuration cache cleared!")
    return 0


def clear_routes(console: Console, options: Namespace) -> int:
    """Only report success: no routes are cached, since they are defined in code."""
    console.line("Route cache cleared!")
    return 0


COMMANDS = (
    Command(name="cache:clear", description="Flush the application cache", handle=clear_cache),
    Command(
        name="config:clear",
        description="Remove the configuration cache file",
        handle=clear_configuration,
    ),
    Command(name="route:clear", description="Remove the route cache file", handle=clear_routes),
)
