"""Tokens of devices: how they are created, stored and sent."""

from __future__ import annotations

import pytest
from cosmic_app.tokens import bearer_token, hash_token, new_token

pytestmark = pytest.mark.unit


def test_a_token_is_stored_as_sha256_in_hexadecimal() -> None:
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_tokens_are_long_and_unique() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) >= 40


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic abc", None),
        ("", None),
        (None, None),
    ],
)
def test_the_token_is_read_from_the_header(header: str | None, token: str | None) -> None:
    assert bearer_token(header) == token
