"""Text that need not be UTF-8: HTTP and clients let any byte through, answers do not. Pure.

Source: Go's encoding/json, which reads and writes a replacement character for each byte that is no UTF-8.
"""

from __future__ import annotations

import re
from typing import Final

_ESCAPED: Final = re.compile("[\udc80-\udcff]")


def text_of(data: bytes) -> str:
    """Text, with a replacement character for each byte that is no UTF-8."""
    return _ESCAPED.sub("\ufffd", data.decode(errors="surrogateescape"))


def text_of_header(header: str) -> str:
    """The same of a header as aiohttp gives it."""
    return header if header.isascii() else text_of(header.encode(errors="surrogateescape"))
