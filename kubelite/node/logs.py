"""What a container wrote: a bounded ring of lines with the time at which each was complete.

A line belongs to the log when its end is written, or when the process ends. The oldest lines go when the
bound is reached. Readers may follow; a follower that falls behind the ring goes on with the oldest line
there is.

Source: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/#read-log-pod-v1-core.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final, NamedTuple

from kubelite.apimachinery.timestamps import format_micro_time

LOG_BYTES_MAX: Final = 1_048_576
"""How much of a container's log is kept, in bytes."""
LINE_BYTES_MAX: Final = 16_384
"""A longer line is cut in several, as container runtimes do."""


class LogOptions(NamedTuple):
    """What of a log is wanted.

    Attributes:
        tail_lines: Only the last lines; None means all.
        since: Only lines from this time on, Unix seconds; None means all.
        timestamps: Each line begins with its time (RFC 3339, nanoseconds).
        limit_bytes: At most this much; None means all.
        follow: Go on with what is written until the container ends.
        previous: The log of the attempt before.
    """

    tail_lines: int | None = None
    since: float | None = None
    timestamps: bool = False
    limit_bytes: int | None = None
    follow: bool = False
    previous: bool = False


class Piece(NamedTuple):
    """A line, or a part of one that is too long: when it was complete, and whether a line begins with it."""

    time: float
    text: bytes
    begins: bool


_NO_LINES: Final[deque[Piece]] = deque(maxlen=0)
"""What a container has written that is silent: an empty queue is larger than all else of a log."""


class ContainerLog:
    """The log of one attempt of a container; `now` gives Unix seconds."""

    def __init__(self, now: Callable[[], float], bytes_max: int = LOG_BYTES_MAX) -> None:
        self._now = now
        self._bytes_max = bytes_max
        self._lines: deque[Piece] = _NO_LINES
        self._size = 0
        self._dropped = 0
        self._partial: dict[str, bytes] = {}
        self._followers: list[asyncio.Event] = []
        self.closed = False

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<ContainerLog {len(self._lines)} lines, {self._size}/{self._bytes_max} bytes, {state}>"

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._size

    def write(self, stream: str, data: bytes) -> None:
        """Append what `stream` ("stdout" or "stderr") wrote. What comes after the end is dropped."""
        if self.closed:
            return
        pending = self._partial.get(stream)
        if pending:
            data = pending + data
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._append(data[start : end + 1])
            start = end + 1
        rest = data[start:] if start else data
        while len(rest) > LINE_BYTES_MAX:
            self._append(rest[:LINE_BYTES_MAX])
            rest = rest[LINE_BYTES_MAX:]
        self._partial[stream] = rest
        if self._followers and start:
            self._wake()

    def close(self) -> None:
        """The process has ended: incomplete lines are kept as they are, followers come to their end."""
        for rest in self._partial.values():
            if rest:
                self._append(rest)
        self._partial.clear()
        self.closed = True
        self._wake()

    def read(self, options: LogOptions) -> bytes:
        """The lines that are wanted, joined."""
        lines: Iterable[Piece] = self._lines
        if options.since is not None:
            since = _microseconds(options.since)
            lines = [line for line in lines if _microseconds(line.time) >= since]
        if options.tail_lines is not None:
            kept = list(lines)
            lines = kept[len(kept) - min(options.tail_lines, len(kept)) :]
        text = _join(lines, timestamps=options.timestamps)
        return text if options.limit_bytes is None else text[: options.limit_bytes]

    async def follow(self, options: LogOptions) -> AsyncIterator[bytes]:
        """What `read` gives, then each piece that is written, until the log is closed or the limit met."""
        sent = 0
        position = self._dropped + len(self._lines)
        piece = self.read(options)
        changed = asyncio.Event()
        self._followers.append(changed)
        try:
            while True:
                if piece:
                    yield piece
                    sent += len(piece)
                if options.limit_bytes is not None and sent >= options.limit_bytes:
                    return
                end = self._dropped + len(self._lines)
                if position == end:
                    if self.closed:
                        return
                    changed.clear()
                    await changed.wait()
                    piece = b""
                    continue
                fresh = [
                    self._lines[index - self._dropped] for index in range(max(position, self._dropped), end)
                ]
                position = end
                piece = _join(fresh, timestamps=options.timestamps)
                if options.limit_bytes is not None:
                    piece = piece[: options.limit_bytes - sent]
        finally:
            self._followers.remove(changed)

    def tail(self, lines_max: int, bytes_max: int) -> str:
        """The end of the log, as a termination message shows it."""
        lines = [line.text for line in self._lines][-lines_max:]
        return b"".join(lines)[-bytes_max:].decode(errors="replace")

    def _append(self, line: bytes) -> None:
        begins = not self._lines or self._lines[-1].text.endswith(b"\n")
        if self._lines is _NO_LINES:
            self._lines = deque()
        self._lines.append(Piece(self._now(), line, begins))
        self._size += len(line)
        while self._size > self._bytes_max and len(self._lines) > 1:
            self._size -= len(self._lines.popleft().text)
            self._dropped += 1

    def _wake(self) -> None:
        for follower in self._followers:
            follower.set()


def format_nanoseconds(time: float) -> str:
    """Unix seconds as RFC 3339 with nanoseconds, as log lines carry it (trailing zeros kept for width)."""
    return f"{format_micro_time(time)[:-1]}000Z"


def _microseconds(time: float) -> int:
    """A time in the precision in which log lines show it: one that was read there finds its line."""
    return round(time * 1_000_000)


def _join(lines: Iterable[Piece], *, timestamps: bool) -> bytes:
    if not timestamps:
        return b"".join(line.text for line in lines)
    return b"".join(
        format_nanoseconds(line.time).encode() + b" " + line.text if line.begins else line.text
        for line in lines
    )
