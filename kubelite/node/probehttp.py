"""A probe's HTTP request: one connection, one GET, the status of the answer, and what a redirect says.

Thousands of probes run in each period, and a client library spends most of its time on what they never use
(sessions, pools, cookies, bodies). What needs more than a plain address and a status is left to one.

Source: pkg/probe/http/http.go, pkg/probe/http/request.go; RFC 9112.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, NamedTuple

from yarl import URL

from kubelite.network import NetworkNamespace

USER_AGENT: Final = "kube-probe/1.36"
HEAD_MAX: Final = 64 * 1024
"""Longer heads of an answer are refused, in bytes."""
DEFAULTS: Final = (("User-Agent", USER_AGENT), ("Accept", "*/*"))
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r?\n")
_LOCATION: Final = re.compile(rb"\r?\nlocation:[ \t]*([^\r\n]*?)[ \t]*\r?\n", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\r?\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r?\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]+)[^\r\n]*\r\n")
BODY_MAX: Final = 10 * 1024
"""More than that is not read of a body, in bytes."""
_SWITCHING_PROTOCOLS: Final = 101
_NOT_MODIFIED: Final = 304


class Answer(NamedTuple):
    """What came back: the status, where a redirect leads (empty without one), and what a redirect says."""

    status: int
    location: str = ""
    body: bytes = b""


class MalformedAnswerError(OSError):
    """What came back is no HTTP."""


def headers_of(wanted: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The headers of a probe: those that it asks for, and kubelet's own where it does not.

    An empty `User-Agent` or `Accept` is not sent at all.

    Raises:
        ValueError: One has a character that ends a line.
    """
    headers: dict[str, str] = {}
    asked = {}
    for each in wanted:
        name, value = each["name"], each.get("value") or ""
        if "\n" in value or "\r" in value or "\0" in value:
            raise ValueError(f'net/http: invalid header field value for "{name}"')
        asked[name.lower()] = value
        headers[name] = value
    for name, value in DEFAULTS:
        given = asked.get(name.lower())
        if given is None:
            headers[name] = value
        elif not given:
            headers = {key: value for key, value in headers.items() if key.lower() != name.lower()}
    if "connection" not in asked:
        headers["Connection"] = "close"
    return headers


def make_request(host: str, port: int, path: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of a GET."""
    lines = [f"GET {_request_target(path)} HTTP/1.1"]
    if not any(name.lower() == "host" for name in headers):
        lines.append(f"Host: {host}:{port}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@lru_cache(maxsize=1024)
def _request_target(path: str) -> str:
    return URL(f"http://host/{path.removeprefix('/')}").raw_path_qs


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Whether nobody has to look the host up."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def get(network: NetworkNamespace, host: str, port: int, request: bytes) -> Answer:
    """Sends a request to an address.

    Raises:
        MalformedAnswerError: The answer is no HTTP.
        OSError: There is no connection, or it ended before the answer.
    """
    reader = _Reader(request)
    transport, _ = await network.fabric.connect(network, host, port, lambda: reader)
    try:
        return await reader.came
    finally:
        transport.close()


class _Reader(asyncio.Protocol):
    """Sends a request, and reads the head of what comes back; of a redirect the rest too."""

    __slots__ = ("_data", "_request", "came")

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._data = b""
        self.came: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send."""
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look whether all is there that is needed."""
        if self.came.done():
            return
        self._data += data
        try:
            found = read_answer(self._data)
        except MalformedAnswerError as error:
            self.came.set_exception(error)
            return
        if found is not None:
            self.came.set_result(found)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing comes any more."""
        if self.came.done():
            return
        found = read_answer(self._data, ended=True) if exc is None else None
        if found is None:
            self.came.set_exception(ConnectionResetError(*(exc.args if exc is not None else ("EOF",))))
        else:
            self.came.set_result(found)


def read_answer(data: bytes, *, ended: bool = False) -> Answer | None:
    """An answer, of which more may come; None until its head is whole, and that of a redirect its body.

    Args:
        data: What came.
        ended: Whether nothing more comes.

    Raises:
        MalformedAnswerError: It does not begin as HTTP does, or is too long.
    """
    while True:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            if len(data) > HEAD_MAX:
                raise MalformedAnswerError("net/http: server response headers exceeded the limit")
            if data and not data.startswith(b"HTTP/"[: len(data)]):
                raise MalformedAnswerError(f"malformed HTTP response {_quoted(data)}")
            return None
        line = _STATUS_LINE.match(data)
        if line is None:
            raise MalformedAnswerError(f"malformed HTTP response {_quoted(data)}")
        status = int(line[1])
        if status >= 200 or status == _SWITCHING_PROTOCOLS:
            location = _LOCATION.search(data, line.end() - 2, end + 2)
            answer = Answer(status, location[1].decode("latin-1") if location else "")
            if not 300 <= status < 400 or status == _NOT_MODIFIED:
                return answer
            body = _body(data[line.end() - 2 : end + 2], data[end + 4 :], ended=ended)
            return None if body is None else answer._replace(body=body)
        data = data[end + 4 :]  # an interim answer, before the real one


def _body(head: bytes, rest: bytes, *, ended: bool) -> bytes | None:
    """The body, as far as it came; None if more is to be waited for."""
    if _CHUNKED.search(head):
        body = b""
        while (line := _CHUNK.match(rest)) is not None:
            size = int(line[1], 16)
            body += rest[line.end() : line.end() + size]
            rest = rest[line.end() + size + 2 :]
            if not size:
                return body
        return body if ended or len(body) >= BODY_MAX else None
    length = _LENGTH.search(head)
    if length is not None and len(rest) >= int(length[1]):
        return rest[: int(length[1])]
    return rest if ended or len(rest) >= BODY_MAX else None


def _quoted(data: bytes) -> str:
    line = data.split(b"\n", 1)[0].rstrip(b"\r")[:256].decode(errors="replace")
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'
