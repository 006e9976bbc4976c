"""Text from headers: HTTP lets any byte through, JSON does not. Pure.

Source: Go's strings.ToValidUTF8, which its JSON encoder amounts to.
"""

from __future__ import annotations


def to_valid_utf8(header: str) -> str:
    """A header as aiohttp gives it, with a replacement character for each byte that is no UTF-8."""
    if header.isascii():
        return header
    return header.encode(errors="surrogateescape").decode(errors="replace")
