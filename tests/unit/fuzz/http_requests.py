"""Random HTTP requests to the shipped application, many of them malformed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.unit.fuzz.damage import SPECIAL, damaged

BEAT, HEALTH = "/api/devices/heartbeat", "/api/health"
METHODS = ("GET", "HEAD", "POST", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ODD_METHODS = ("CONNECT", "PRI", "post", "A" * 300, "G\0T", "\xff", "", " ")
TARGETS = (BEAT, BEAT, BEAT, HEALTH, "/", "/nginx-health", "/api", f"{BEAT}/", f"{HEALTH}?a=b&a=")
QUERIES = ("", "", "?", "?" + "a=%00&" * 50, "?%ff%fe", "?a=" + "x" * 3000, "?[/]", "?${A}")
ODD_TARGETS = (
    "*",
    "//",
    "/../../etc/passwd",
    "/%2e%2e/%00",
    "/%",
    "/%ff",
    "/\xff\xfe",
    "/a b",
    "http://evil.example/api/health",
    "http://[::1",
    "/" + "a/" * 2000,
    "/" + "a" * 9000,
)
VERSIONS = ("HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "HTTP/1.1 ", "HTTP", "")
# Headers that any client may send; `{token}` is that of a device.
HEADERS = (
    "Authorization: Bearer {token}",
    "Authorization: Bearer unknown",
    "Authorization: Bearer " + "x" * 3000,
    "Authorization: Basic eDp5",
    "Authorization: Bearer",
    "Authorization:",
    "Content-Type: application/json",
    "Content-Type: text/html; charset=\xff",
    "Content-Encoding: gzip",
    "Accept: */*;q=9" + "9" * 300,
    "Cookie: a=" + "b" * 2000,
    "X-Forwarded-For: " + "1.1.1.1, " * 100,
    "X-Forwarded-Proto: javascript",
    "Range: bytes=0-,9-1",
    "If-None-Match: \xff",
    "Origin: null",
    "Forwarded: for=[::",
    "Host: evil.example",
)
ODD_HEADERS = (
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity",
    "Content-Length: 9" + "9" * 40,
    "Content-Length: -1",
    "Content-Length: 1, 2",
    "Expect: 100-continue",
    "Expect: teapot",
    "Upgrade: h2c\r\nConnection: Upgrade",
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13",
    "Connection: close, keep-alive, te",
    " folded",
    "a\0b: c",
    "no colon",
    ": no name",
    "X: a\rb",
    "Y: " + "y" * 20_000,
)
NUMBERS = ("0", "100", "85.5", "-0", "1e999", "-1", "9" * 400, "5e-324", "NaN", "1E5", "true")
BODIES = (
    '{"battery_level": 85}',
    '{"battery_level": 85.5, "heartbeat_id": "a-1", "wifi_strength": -50}',
    '{"battery_level": 12, "heartbeat_id": "\\ud800", "current_url": "http://[/]"}',
    '[{"battery_level": 85}]',
    '{"battery_level": {"battery_level": []}}',
)


@dataclass(frozen=True)
class RawRequest:
    """The bytes of a request; `is_whole`: it is valid HTTP, so that a server has to answer it."""

    data: bytes
    is_whole: bool


def raw_requests(seed: int, count: int, tokens: Sequence[str]) -> Iterator[RawRequest]:
    """Yield random requests; the one of a number depends on the seed and on the tokens alone."""
    for number in range(count):
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - not secret, but reproducible
        token = chance.choice(tokens)
        yield _odd(chance, token) if chance.random() < 0.4 else _valid(chance, token)


def _valid(chance: random.Random, token: str) -> RawRequest:
    target = chance.choice(TARGETS)
    target += chance.choice(QUERIES) if "?" not in target else ""
    body = _body(chance)
    lines = [f"{chance.choice(METHODS)} {target} HTTP/1.1", *_headers(chance, token)]
    framing, data = chance.choice((_by_length, _by_length, _in_chunks))(chance, body)
    return RawRequest(_head([*lines, framing]) + data, is_whole=True)


def _odd(chance: random.Random, token: str) -> RawRequest:
    """Return a request of which at least one part is invalid, or too short or too long."""
    body = _body(chance)
    start = [chance.choice(METHODS), chance.choice(TARGETS), "HTTP/1.1"]
    part = chance.randrange(6)
    if part < 3:
        start[part] = chance.choice((ODD_METHODS, ODD_TARGETS, VERSIONS)[part])
    headers = _headers(chance, token)
    if part == 3:
        headers.append(chance.choice(ODD_HEADERS))
    framing, data = chance.choice((_by_length, _in_chunks, _by_wrong_length, _in_wrong_chunks))(
        chance, body
    )
    raw = _head([" ".join(start), *headers, framing]) + data
    if part == 4:
        place = chance.randrange(len(raw))
        raw = raw[:place] + chance.randbytes(chance.randrange(1, 20)) + raw[place:]
    elif part == 5:
        raw = raw[: chance.randrange(1, len(raw))]
    return RawRequest(raw, is_whole=False)


def _headers(chance: random.Random, token: str) -> list[str]:
    lines = [f"Host: {chance.choice(('127.0.0.1', 'evil.example', 'a.b:80'))}"]
    lines += chance.sample(HEADERS[:-1], chance.randrange(4))
    if not any(line.startswith("Authorization") for line in lines) and chance.random() < 0.7:
        lines.append(HEADERS[0])
    return [line.replace("{token}", token) for line in lines]


def _head(lines: Sequence[str]) -> bytes:
    return ("\r\n".join([*lines, "", ""])).encode("latin-1", "replace")


def _body(chance: random.Random) -> bytes:
    draw = chance.random()
    if draw < 0.2:
        return b""
    if draw < 0.3:
        return chance.randbytes(chance.choice((1, 50, 5000)))
    if draw < 0.5:
        level = chance.choice((*NUMBERS, json.dumps(chance.choice(SPECIAL))))
        return f'{{"battery_level": {level}}}'.encode()
    text = chance.choice(BODIES)
    return (damaged(chance, text) if draw < 0.8 else text).encode(errors="surrogatepass")


def _by_length(_chance: random.Random, body: bytes) -> tuple[str, bytes]:
    return f"Content-Length: {len(body)}", body


def _in_chunks(chance: random.Random, body: bytes) -> tuple[str, bytes]:
    data, rest = b"", body
    while rest:
        size = chance.randrange(1, len(rest) + 1)
        data += b"%x\r\n%s\r\n" % (size, rest[:size])
        rest = rest[size:]
    return "Transfer-Encoding: chunked", data + b"0\r\n\r\n"


def _by_wrong_length(chance: random.Random, body: bytes) -> tuple[str, bytes]:
    return f"Content-Length: {max(0, len(body) + chance.choice((-3, -1, 1, 9000)))}", body


def _in_wrong_chunks(chance: random.Random, body: bytes) -> tuple[str, bytes]:
    framing, data = _in_chunks(chance, body)
    bad = chance.choice((b"ffffffffffffffffff\r\n", b"zz\r\n", b"-1\r\n", b"5;a=\0\r\nx", b"\r\n"))
    return framing, chance.choice((bad + data, data[:-5], data[:-1] + bad))
