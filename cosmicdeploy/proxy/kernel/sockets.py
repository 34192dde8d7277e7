"""Parse the kernel's tables of TCP connections: `/proc/net/tcp` and `/proc/net/tcp6`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

ESTABLISHED = 0x01
LISTEN = 0x0A
# The kernel prints an address as 32-bit words of 8 hexadecimal digits. Each word is a number as the
# machine reads it from memory, so the order of its bytes is the machine's: little-endian on x86-64
# and ARM. The deployer supports no other machines.
BYTE_ORDER: Literal["little"] = "little"
DIGITS_OF_WORD = 8


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A TCP connection or a listening socket of a container.

    `port` is the container's port. `peer` and `peer_port` are the address and port of the other
    side. `state` is the kernel's number, such as `ESTABLISHED`.
    """

    port: int
    peer: str
    peer_port: int
    state: int


def read_tables(text: str) -> Iterator[Connection]:
    """Yield the connections of one table or several; headings and other lines are skipped."""
    for line in text.splitlines():
        words = line.split()
        if len(words) > 3 and words[0].endswith(":") and ":" in words[1]:
            _, port = _address_and_port(words[1])
            peer, peer_port = _address_and_port(words[2])
            yield Connection(port=port, peer=peer, peer_port=peer_port, state=int(words[3], 16))


def _address_and_port(text: str) -> tuple[str, int]:
    address, _, port = text.partition(":")
    return _address(address), int(port, 16)


def _address(digits: str) -> str:
    """Convert hexadecimal digits to an address; an IPv4-mapped IPv6 address becomes plain IPv4."""
    starts = range(0, len(digits), DIGITS_OF_WORD)
    words = [int(digits[start : start + DIGITS_OF_WORD], 16) for start in starts]
    packed = b"".join(word.to_bytes(4, BYTE_ORDER) for word in words)
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
