"""`find`: an expression, asked of every path below some places.

Source: POSIX.1-2017, Utilities, find; BusyBox 1.36's help text.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Awaitable, Callable, Mapping

import attrs

from kubelite.images.busybox.accounts import groups, users
from kubelite.images.busybox.modes import changed_mode
from kubelite.images.shell.pattern import matches
from kubelite.images.shell.process import Applet, Process
from kubelite.images.shell.programs import run_program

_KINDS = {"f": "file", "d": "directory", "l": "symlink", "c": "device"}
_ACTIONS = frozenset({"-print", "-print0", "-exec", "-execdir", "-delete", "-quit"})
_UNITS = {"c": 1, "w": 2, "b": 512, "k": 1024, "M": 1024**2, "G": 1024**3}
_BLOCK = 512
_MODE_BITS = 0o7777
_DAY_S, _MINUTE_S = 86_400, 60


class _Quit(Exception):  # noqa: N818 - control flow
    """`-quit`: nothing more is looked at."""


class FindSyntaxError(Exception):
    """The expression does not parse; the text is what `find` prints."""


@attrs.frozen
class _Found:
    path: str
    shown: str
    depth: int


_Test = Callable[[_Found], Awaitable[bool]]


class _Expression:
    """Parses the expression into one test."""

    def __init__(self, process: Process, rest: list[str]) -> None:
        self._process, self._rest = process, rest
        self.batches: list[tuple[list[str], list[str]]] = []
        self.depths = [0, 10**9]
        self.pruned: set[str] = set()

    def parse(self) -> _Test:
        acts = any(each in _ACTIONS for each in self._rest)
        test = self._either() if self._rest else _always
        if self._rest:
            raise FindSyntaxError(f"unexpected {self._rest[0]}")
        return test if acts else _both(test, self._print("\n"))

    def _either(self) -> _Test:
        test = self._all()
        while self._rest and self._rest[0] in {"-o", "-or"}:
            del self._rest[0]
            left, right = test, self._all()

            async def either(found: _Found, left: _Test = left, right: _Test = right) -> bool:
                return await left(found) or await right(found)

            test = either
        return test

    def _all(self) -> _Test:
        test = self._one()
        while self._rest and self._rest[0] not in {"-o", "-or", ")"}:
            if self._rest[0] in {"-a", "-and"}:
                del self._rest[0]
            test = _both(test, self._one())
        return test

    def _value(self, name: str) -> str:
        if not self._rest:
            raise FindSyntaxError(f"{name} requires an argument")
        return self._rest.pop(0)

    def _one(self) -> _Test:
        name = self._value("expression")
        files = self._process.container.files
        match name:
            case "!" | "-not":
                inner = self._one()

                async def negated(found: _Found) -> bool:
                    return not await inner(found)

                return negated
            case "(":
                test = self._either()
                if self._value("(") != ")":
                    raise FindSyntaxError("unpaired '('")
                return test
            case "-maxdepth" | "-mindepth":
                self.depths[name == "-maxdepth"] = int(self._value(name))
                return _always
            case "-name" | "-iname":
                pattern, folds = self._value(name), name == "-iname"
                pattern = pattern.lower() if folds else pattern

                def named(found: _Found) -> bool:
                    base = posixpath.basename(found.path)
                    return matches(base.lower() if folds else base, pattern)

                return _plain(named)
            case "-path" | "-wholename" | "-ipath":
                pattern = self._value(name)
                if name == "-ipath":
                    return _plain(lambda found: matches(found.shown.lower(), pattern.lower()))
                return _plain(lambda found: matches(found.shown, pattern))
            case "-regex":
                expression = re.compile(self._value(name))
                return _plain(lambda found: expression.fullmatch(found.shown) is not None)
            case "-true" | "-depth" | "-xdev" | "-mount" | "-noleaf":
                return _always
            case "-false":
                return _plain(lambda _: False)
            case "-prune":

                def prune(found: _Found) -> bool:
                    self.pruned.add(found.path)
                    return True

                return _plain(prune)
            case "-quit":

                def leave(_: _Found) -> bool:
                    raise _Quit

                return _plain(leave)
            case "-size":
                text = self._value(name)
                unit = _UNITS.get(text[-1:], _BLOCK)
                within = _number_test(text.rstrip("".join(_UNITS)))
                return _plain(lambda found: within(-(-files.stat(found.path, follow=False).size // unit)))
            case "-mtime" | "-mmin":
                within = _number_test(self._value(name))
                length, now = _DAY_S if name == "-mtime" else _MINUTE_S, self._process.container.clock.now
                return _plain(
                    lambda found: within(int((now() - files.stat(found.path, follow=False).mtime) // length))
                )
            case "-perm":
                return _plain(_mode_test(self._value(name), lambda path: files.stat(path, follow=False).mode))
            case "-user" | "-group":
                return _plain(self._owned(name, self._value(name)))
            case "-type":
                kind = _KINDS.get(self._value(name))
                return _plain(lambda found: files.stat(found.path, follow=False).kind == kind)
            case "-empty":
                return _plain(
                    lambda found: (
                        not (
                            files.list(found.path)
                            if files.is_dir(found.path)
                            else files.stat(found.path).size
                        )
                    )
                )
            case "-newer":
                limit = files.stat(self._process.path(self._value(name))).mtime
                return _plain(lambda found: files.stat(found.path, follow=False).mtime > limit)
            case "-print" | "-print0":
                return self._print("\0" if name == "-print0" else "\n")
            case "-delete":

                def delete(found: _Found) -> bool:
                    files.remove(found.path)
                    return True

                return _plain(delete)
            case "-exec" | "-execdir":
                return self._exec()
        raise FindSyntaxError(f"unrecognized: {name}")

    def _owned(self, name: str, wanted: str) -> Callable[[_Found], bool]:
        files = self._process.container.files
        names = users(files) if name == "-user" else groups(files)

        def owned(found: _Found) -> bool:
            stat = files.stat(found.path, follow=False)
            number = stat.uid if name == "-user" else stat.gid
            return wanted in {str(number), names.get(number)}

        return owned

    def _print(self, end: str) -> _Test:
        async def show(found: _Found) -> bool:
            await self._process.out(found.shown + end)
            return True

        return show

    def _exec(self) -> _Test:
        command: list[str] = []
        while (word := self._value("-exec")) not in {";", "+"}:
            command.append(word)
        if word == "+":
            gathered: list[str] = []
            self.batches.append((command, gathered))

            async def gather(found: _Found) -> bool:
                gathered.append(found.shown)
                return True

            return gather

        async def run(found: _Found) -> bool:
            argv = tuple(each.replace("{}", found.shown) for each in command)
            return await run_program(attrs.evolve(self._process, argv=argv), "find") == 0

        return run


def _number_test(text: str) -> Callable[[int], bool]:
    """`5` is just that, `+5` more, `-5` less."""
    number = int(text.lstrip("+-"))
    if text.startswith("+"):
        return lambda value: value > number
    return (lambda value: value < number) if text.startswith("-") else (lambda value: value == number)


def _mode_test(text: str, mode_of: Callable[[str], int]) -> Callable[[_Found], bool]:
    """`644` is just that mode, `-644` all of its bits, `/644` any of them."""
    sign = text[0] if text[:1] in {"-", "/", "+"} else ""
    wanted = changed_mode(text.removeprefix(sign), 0)

    def fits(found: _Found) -> bool:
        mode = mode_of(found.path) & _MODE_BITS
        if sign == "-":
            return mode & wanted == wanted
        return bool(mode & wanted) if sign else mode == wanted

    return fits


async def _always(_: _Found) -> bool:
    return True


def _plain(test: Callable[[_Found], bool]) -> _Test:
    async def ask(found: _Found) -> bool:
        return test(found)

    return ask


def _both(left: _Test, right: _Test) -> _Test:
    async def both(found: _Found) -> bool:
        return await left(found) and await right(found)

    return both


async def find(process: Process) -> int:
    """`find [PATH]... [EXPRESSION]`: what is printed, run or deleted of all that is below some places."""
    args, names = list(process.argv[1:]), list[str]()
    while args and args[0][0:1] not in {"-", "!", "("}:
        names.append(args.pop(0))
    expression = _Expression(process, args)
    try:
        test = expression.parse()
    except (FindSyntaxError, ValueError) as error:
        return await process.fail(str(error))
    files, status = process.container.files, 0

    async def look(path: str, shown: str, depth: int) -> None:
        found = _Found(path, shown, depth)
        wanted = expression.depths[0] <= depth
        if wanted and not depth_first:
            await test(found)
        is_directory = files.stat(path, follow=False).kind == "directory" if depth else files.is_dir(path)
        if is_directory and depth < expression.depths[1] and path not in expression.pruned:
            for each in files.list(path):
                await look(posixpath.join(path, each), posixpath.join(shown, each), depth + 1)
        if wanted and depth_first:
            await test(found)

    depth_first = bool({"-delete", "-depth"} & set(process.argv))
    try:
        for name in names or ["."]:
            start = process.path(name)
            if not files.exists(start):
                status = await process.fail(f"{name}: No such file or directory")
            else:
                await look(start, name.rstrip("/") or "/", 0)
    except _Quit:
        pass
    for command, gathered in expression.batches:
        if gathered:
            argv = (*(each for each in command if each != "{}"), *gathered)
            status |= await run_program(attrs.evolve(process, argv=argv), "find") != 0
    return status


APPLETS: Mapping[str, Applet] = {"find": find}
