"""The order of the checks on a heartbeat: its token, its body, the rate limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cosmic_app.cache import Breaker
from cosmic_app.heartbeat import writer as module
from cosmic_app.heartbeat.body import Content
from cosmic_app.heartbeat.model import (
    Accepted,
    Beat,
    Device,
    Invalid,
    Outcome,
    Unauthorized,
)
from cosmic_app.heartbeat.writer import BeatWriter
from cosmic_app.settings import read_settings

pytestmark = pytest.mark.unit

KNOWN = "known"
GOOD = b'{"battery_level": 50, "heartbeat_id": "one"}'


class Client:
    """The rate limiter's Redis; counts the beats that it is asked about."""

    def __init__(self) -> None:
        self.asked = 0

    def pipeline(self, transaction: bool) -> Client:
        return self

    def eval(self, *_: object) -> None:
        self.asked += 1

    def execute(self) -> list[list[int]]:
        return [[1, 9, 1000]] * self.asked


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def written() -> dict[int, Content]:
    return {}


@pytest.fixture
def writer(
    client: Client,
    written: dict[int, Content],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> BeatWriter:
    """A writer whose database knows one device."""

    def find(_cursor: object, hashes: Sequence[str]) -> dict[str, Device]:
        return {each: Device(id=7, status="Connected") for each in hashes if each == KNOWN}

    def record(_cursor: object, beats: Mapping[int, Content], _schema: object) -> bool:
        written.update(beats)
        return True

    class Session:
        def __init__(self, *_: object, **__: object) -> None: ...

        def autocommit(self, work: Any) -> Any:
            return work(None)

    monkeypatch.setattr(module, "find_devices", find)
    monkeypatch.setattr(module, "record_connected", record)
    monkeypatch.setattr(module, "Session", Session)
    monkeypatch.setattr(module.SchemaCache, "get", lambda *_: None)
    settings = read_settings({"FEATURES_PATH": str(tmp_path)})
    return BeatWriter(settings, Breaker(client))  # type: ignore[arg-type]


def write(writer: BeatWriter, *beats: tuple[str, bytes]) -> list[Outcome]:
    return writer.write([Beat(token_hash=token, body=body) for token, body in beats])


@pytest.mark.parametrize("body", [b"", b"no JSON", b"{}", b"[" * 4000, b" " * 5000, GOOD])
def test_an_unknown_token_is_refused_whatever_the_body_is(
    writer: BeatWriter, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    def parse(_body: bytes) -> Content:
        raise AssertionError("the body is parsed before the token is checked")

    monkeypatch.setattr(module, "parse_beat", parse)
    assert write(writer, ("unknown", body)) == [Unauthorized()]


def test_a_bad_body_of_a_known_device_neither_counts_nor_spoils_the_batch(
    writer: BeatWriter, client: Client, written: dict[int, Content]
) -> None:
    beats = (("unknown", b"{}"), (KNOWN, b"{}"), (KNOWN, GOOD), (KNOWN, b"no JSON"))
    unknown, without_level, good, no_json = write(writer, *beats)
    assert unknown == Unauthorized()
    assert isinstance(without_level, Invalid) and without_level.error.status == 422
    assert isinstance(no_json, Invalid) and no_json.error.status == 400
    assert isinstance(good, Accepted) and good.allowance.remaining == 9
    assert client.asked == 1
    assert written == {7: Content(battery_level=50, heartbeat_id="one")}


def test_the_last_beat_of_a_device_keeps_the_id_of_an_earlier_one(
    writer: BeatWriter, written: dict[int, Content]
) -> None:
    write(writer, (KNOWN, GOOD), (KNOWN, b'{"battery_level": 40}'))
    assert written == {7: Content(battery_level=40, heartbeat_id="one")}
