"""A stream editor: runs what `sedscript` reads.

Lines are edited as they come: only the one behind the present line is awaited, as `$` asks for it.
Source: POSIX.1-2017, Utilities, sed.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs

from kubelite.images.busybox.sedscript import Address, Command, SedProgram
from kubelite.images.shell.process import encode

_ESCAPED = {"\\": "\\\\"} | {chr(7 + at): f"\\{letter}" for at, letter in enumerate("abtnvfr")}
JUMPS_MAX = 1_000_000
"""Branches taken for one line until the script counts as endless."""


class SedError(Exception):
    """The script cannot go on."""


@attrs.frozen
class SedFiles:
    """What `r` and `w` do: reads a file (empty if there is none), appends to one that is emptied first."""

    read: Callable[[str], str]
    write: Callable[[str, str], None]


async def run_sed(
    program: SedProgram,
    lines: AsyncIterator[str],
    show: Callable[[str], Awaitable[None]],
    files: SedFiles,
) -> int:
    """Edits lines; answers with the exit status.

    Args:
        program: What to do.
        lines: With their newlines, which the last one may lack: then the output has none either.
        show: Writes what is printed.
        files: For `r` and `w`.

    Raises:
        SedError: A loop does not end.
    """
    return await _Run(program, lines, show, files).run()


@attrs.define(eq=False, repr=False)
class _End(Exception):  # noqa: N818 - control flow
    """The cycle is over; `prints` says whether the pattern space is shown, `quits` whether all is over."""

    prints: bool = True
    quits: bool = False
    restarts: bool = False


class _Run:
    def __init__(
        self,
        program: SedProgram,
        lines: AsyncIterator[str],
        show: Callable[[str], Awaitable[None]],
        files: SedFiles,
    ) -> None:
        self._program, self._lines, self._show, self._files = program, lines, show, files
        self._following: str | None = None
        self._end = "\n"
        self._made: list[str] = []
        self._after: list[str] = []
        self._at = 0
        self._space = self._hold = ""
        self._inside: dict[int, int] = {}
        self._substituted = False
        self._status = 0

    async def run(self) -> int:
        restarts = False
        self._following = await anext(self._lines, None)
        while self._following is not None or restarts:
            if not restarts:
                self._space = await self._line()
            restarts = False
            try:
                await self._cycle()
                ended = _End()
            except _End as end:
                ended = end
            if ended.prints and not self._program.quiet:
                self._made.append(self._space)
            await self._flush()
            if ended.quits:
                break
            restarts = ended.restarts
        return self._status

    async def _line(self) -> str:
        """The next line, without its newline."""
        line = self._following
        assert line is not None
        self._at += 1
        self._following = await anext(self._lines, None)
        self._end = "\n" if line.endswith("\n") else ""
        return line.removesuffix("\n")

    async def _flush(self) -> None:
        """Prints what this line has made; only the very last line may lack its newline."""
        made = [*self._made, *self._after]
        self._made.clear()
        self._after.clear()
        if made:
            await self._show("\n".join(made) + self._end)

    @property
    def _last(self) -> bool:
        return self._following is None

    async def _cycle(self) -> None:
        commands, place, jumps = self._program.commands, 0, 0
        self._substituted = False
        while place < len(commands):
            command = commands[place]
            place += 1
            if self._applies(place, command) == command.negated:
                if command.name == "{":
                    place = command.target
                continue
            if command.name in {"n", "N"}:
                await self._next(joins=command.name == "N")
            elif self._do(place - 1, command):
                jumps += 1
                if jumps > JUMPS_MAX:
                    raise SedError("endless loop")
                place = command.target

    def _applies(self, index: int, command: Command) -> bool:
        first, last = command.first, command.last
        if first is None:
            return True
        if last is None:
            return self._meets(first)
        if index in self._inside:
            if self._ends(index, last):
                del self._inside[index]
                return not (isinstance(last, int) and self._at > last)
            return True
        if first == 0 and not isinstance(last, int) and self._at == 1:
            if not self._meets(last):
                self._inside[index] = 0
            return True
        if not self._meets(first):
            return False
        if not (isinstance(last, int) and last <= self._at):
            if isinstance(last, tuple):
                self._inside[index] = self._at + last[1]
                if last[1] == 0:
                    del self._inside[index]
            else:
                self._inside[index] = 0
        return True

    def _ends(self, index: int, last: Address) -> bool:
        if isinstance(last, tuple):
            return self._at >= self._inside[index]
        return self._at >= last if isinstance(last, int) else self._meets(last)

    def _meets(self, address: Address) -> bool:
        match address:
            case int():
                return self._at == address
            case re.Pattern():
                return address.search(self._space) is not None
            case ("~", step, first):
                return (
                    self._at == first if step == 0 else self._at >= first and (self._at - first) % step == 0
                )
            case _:
                return self._last

    def _do(self, index: int, command: Command) -> bool:
        """Carries out one command; tells whether it branches."""
        match command.name:
            case "s":
                self._substitute(command)
            case "y":
                self._space = self._space.translate(str.maketrans(command.text, command.replacement))
            case "d":
                raise _End(prints=False)
            case "D":
                first, newline, rest = self._space.partition("\n")
                self._space = rest if newline else first
                raise _End(prints=False, restarts=bool(newline))
            case "p":
                self._made.append(self._space)
            case "P":
                self._made.append(self._space.partition("\n")[0])
            case "=":
                self._made.append(str(self._at))
            case "i":
                self._made.append(command.text)
            case "a":
                self._after.append(command.text)
            case "c":
                if command.last is None or command.negated or index + 1 not in self._inside:
                    self._made.append(command.text)
                raise _End(prints=False)
            case "r":
                text = self._files.read(command.text)
                self._after += [text.removesuffix("\n")] if text else []
            case "w":
                self._files.write(command.text, self._space + "\n")
            case "l":
                self._made.append(_unambiguous(self._space))
            case "h":
                self._hold = self._space
            case "H":
                self._hold += "\n" + self._space
            case "g":
                self._space = self._hold
            case "G":
                self._space += "\n" + self._hold
            case "x":
                self._space, self._hold = self._hold, self._space
            case "q" | "Q":
                self._status = int(command.text or 0)
                raise _End(prints=command.name == "q", quits=True)
            case "b":
                return True
            case "t" | "T":
                branches = self._substituted == (command.name == "t")
                self._substituted = False
                return branches
        return False

    async def _next(self, *, joins: bool) -> None:
        if self._last:
            raise _End(quits=True)
        if not joins and not self._program.quiet:
            self._made.append(self._space)
        await self._flush()
        following = await self._line()
        self._space = f"{self._space}\n{following}" if joins else following

    def _substitute(self, command: Command) -> None:
        assert command.pattern is not None
        digits = re.search(r"\d+", command.flags)
        wanted, seen, changed = int(digits.group(0)) if digits else 1, 0, False

        def replace(match: re.Match[str]) -> str:
            nonlocal seen, changed
            seen += 1
            if seen < wanted or (seen > wanted and "g" not in command.flags):
                return match.group(0)
            changed = True
            return re.sub(
                r"\\(\d)|\\(.)|&", lambda each: _piece(each, match), command.replacement, flags=re.DOTALL
            )

        self._space = _sub(command.pattern, replace, self._space)
        if changed:
            self._substituted = True
            if "p" in command.flags:
                self._made.append(self._space)
            if command.text:
                self._files.write(command.text, self._space + "\n")


def _unambiguous(text: str) -> str:
    """A line as `l` shows it."""
    shown = [
        _ESCAPED.get(char)
        or (char if " " <= char <= "~" else "".join(f"\\{byte:03o}" for byte in encode(char)))
        for char in text
    ]
    return "".join(shown) + "$"


def _sub(pattern: re.Pattern[str], replace: object, text: str) -> str:
    """As `re.sub`, but an empty match right behind another one does not count, as POSIX has it."""
    assert callable(replace)
    made, at, ended = [], 0, -1
    for match in pattern.finditer(text):
        if match.start() == match.end() == ended:
            continue
        made += [text[at : match.start()], replace(match)]
        at = ended = match.end()
    return "".join([*made, text[at:]])


def _piece(each: re.Match[str], match: re.Match[str]) -> str:
    if each.group(1):
        return match.group(int(each.group(1))) or ""
    if each.group(0) == "&":
        return match.group(0)
    return {"n": "\n", "t": "\t"}.get(each.group(2), each.group(2))
