"""The command devices:seed."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from cosmic_app import devices
from cosmic_app.console.context import Command, CommandFailed, Console
from cosmic_app.console.table import render_table
from cosmic_app.devices import SeededDevice


def seed(console: Console, options: Namespace) -> int:
    """Create devices. New tokens are shown only here; the database stores their hashes."""
    if not options.name and options.count < 1:
        raise CommandFailed('Not enough arguments (missing: "count" or "--name").')
    connection = console.connect_database()
    try:
        with connection.cursor() as cursor:
            if options.name:
                token = read_token(console, options.token_env)
                seeded = [devices.seed_named(cursor, options.name, token)]
            else:
                seeded = devices.seed_many(cursor, options.count, fresh=options.fresh)
        connection.commit()
    finally:
        connection.close()
    report(console, options, seeded)
    return 0


def read_token(console: Console, variable: str | None) -> str:
    """Read the token from an environment variable, since process lists show arguments.

    Raises `CommandFailed` if the variable is not set.
    """
    token = console.environment.get(variable or "", "")
    if not token:
        raise CommandFailed("--name needs --token-env with the name of a variable that is set.")
    return token


def report(console: Console, options: Namespace, seeded: list[SeededDevice]) -> None:
    """Print the devices in the requested format; write the tokens file if one is requested."""
    if options.tokens_file:
        write_tokens(options.tokens_file, seeded)
    if options.json:
        rows = [{"name": s.name, "token": s.token, "created": s.created} for s in seeded]
        console.line(json.dumps({"devices": rows}))
    elif options.name or options.tokens_file:
        total = "1 device" if len(seeded) == 1 else f"{len(seeded)} devices"
        console.line(f"Seeded {total}, {sum(s.created for s in seeded)} new.")
    else:
        table_rows = [(s.name, s.token or "(unchanged)") for s in seeded]
        console.line(render_table(("Name", "Token"), table_rows))


def write_tokens(path: Path, seeded: list[SeededDevice]) -> None:
    """Write a JSON object that maps names to tokens, readable only by the file's owner.

    Devices that the file already lists keep their entry, unless they have a new token. A file that
    other users may read loses that permission before a token is written to it.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as file:
        os.fchmod(handle, 0o600)
        known = json.loads(file.read() or "{}")
        known.update({s.name: s.token for s in seeded if s.token})
        text = json.dumps(known, indent=2)
        file.seek(0)
        file.truncate()
        file.write(text)


def add_options(parser: ArgumentParser) -> None:
    """Add the options of devices:seed."""
    parser.add_argument(
        "count", type=int, nargs="?", default=0, help="number of devices (KIOSK-01, …)"
    )
    parser.add_argument("--fresh", action="store_true", help="give existing devices new tokens")
    parser.add_argument("--json", action="store_true", help="print names and tokens as JSON")
    parser.add_argument("--tokens-file", type=Path, help="add the new tokens to this file")
    parser.add_argument("--name", help="create one device with this name")
    parser.add_argument("--token-env", help="variable that holds the token for --name")


COMMANDS = (
    Command(
        name="devices:seed",
        description="Create kiosk devices with tokens",
        handle=seed,
        options=add_options,
    ),
)
