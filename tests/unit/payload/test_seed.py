"""What devices:seed prints, and the file that it writes tokens to."""

from __future__ import annotations

import io
import json
import stat
from argparse import Namespace
from pathlib import Path

import pytest
from cosmic_app.commands.devices_seed import report, write_tokens
from cosmic_app.console.context import Console
from cosmic_app.devices import SeededDevice
from cosmic_app.settings import read_settings

pytestmark = pytest.mark.unit

NEW = SeededDevice(name="KIOSK-01", token="secret", created=True)
KNOWN = SeededDevice(name="KIOSK-02", token=None, created=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [0o644, 0o666, 0o640, 0o400])
def test_an_existing_file_of_tokens_becomes_private(tmp_path: Path, before: int) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('{"OLD": "kept", "KIOSK-01": "' + "x" * 100 + '"}')
    path.chmod(before)
    write_tokens(path, [NEW, KNOWN])
    assert mode(path) == 0o600
    assert json.loads(path.read_text()) == {"OLD": "kept", "KIOSK-01": "secret"}


def test_a_new_file_of_tokens_is_private(tmp_path: Path) -> None:
    write_tokens(tmp_path / "tokens.json", [NEW])
    assert mode(tmp_path / "tokens.json") == 0o600
    assert json.loads((tmp_path / "tokens.json").read_text()) == {"KIOSK-01": "secret"}


def test_a_file_that_holds_no_tokens_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("notes of mine")
    with pytest.raises(ValueError):
        write_tokens(path, [NEW])
    assert path.read_text() == "notes of mine"


@pytest.mark.parametrize(
    ("seeded", "line"),
    [
        ([NEW], "Seeded 1 device, 1 new.\n"),
        ([KNOWN], "Seeded 1 device, 0 new.\n"),
        ([NEW, KNOWN], "Seeded 2 devices, 1 new.\n"),
    ],
)
def test_the_devices_are_counted(tmp_path: Path, seeded: list[SeededDevice], line: str) -> None:
    out = io.StringIO()
    console = Console(settings=read_settings({}), environment={}, out=out, err=io.StringIO())
    report(console, Namespace(json=False, name=None, tokens_file=tmp_path / "t"), seeded)
    assert out.getvalue() == line
