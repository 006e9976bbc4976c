"""A whole answer: what most requests get, as bytes in one piece."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_writer import _serialize_headers
from multidict import CIMultiDict

SERVER: Final = "kubelite"
_STATUS_LINES: Final = {int(each): f"HTTP/1.1 {int(each)} {each.phrase}" for each in HTTPStatus}
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Reply:
    """An answer that is complete.

    Attributes:
        headers: Those of its own; length and date are added when it is sent.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: CIMultiDict[str]) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    def __repr__(self) -> str:
        return f"<Reply {self.status}, {len(self.body)} bytes>"

    def to_bytes(self) -> bytes:
        """All of it as HTTP/1.1, for a connection that is kept.

        Raises:
            ValueError: A header would be more than one.
        """
        headers, body = self.headers, self.body
        if self.status not in _BODILESS:
            headers["Content-Length"] = str(len(body))
        headers["Date"] = rfc822_formatted_time()
        line = _STATUS_LINES.get(self.status) or f"HTTP/1.1 {self.status} "  # fault plans know any code
        return _serialize_headers(line, headers) + body

    def to_response(self) -> web.Response:
        """The same for aiohttp to send."""
        return web.Response(status=self.status, body=self.body, headers=self.headers)
