"""What `test` tests.

Source: POSIX.1-2017, Utilities, test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kubelite.images.files import FileSystem
from kubelite.images.permissions import READ, SEARCH, WRITE

_INTEGER = re.compile(r"[-+]?\d+")
_UNARY = frozenset("nzefdrwxsLhpSbctkugOGN")
_SPECIAL_BITS = {"u": 0o4000, "g": 0o2000, "k": 0o1000}
_NUMERIC: dict[str, Callable[[int, int], bool]] = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-lt": int.__lt__,
    "-le": int.__le__,
    "-gt": int.__gt__,
    "-ge": int.__ge__,
}


class ConditionSyntaxError(Exception):
    """The expression does not parse; the text is what `test` prints."""


def holds(
    args: Sequence[str],
    files: FileSystem,
    path: Callable[[str], str],
    is_program: Callable[[str], bool] = lambda _: False,
) -> bool:
    """Whether the expression is true.

    Args:
        args: The words of the expression.
        files: What there is.
        path: Makes a path absolute.
        is_program: Whether a path is that of a program of the image, which are no files.

    Raises:
        ConditionSyntaxError: The expression does not parse.
    """
    tests = _Tests(list(args), files, path, is_program)
    value = tests.disjunction() if args else False
    if tests.rest:
        raise ConditionSyntaxError(f"{tests.rest[0]}: unknown operand")
    return value


class _Tests:
    def __init__(
        self,
        rest: list[str],
        files: FileSystem,
        path: Callable[[str], str],
        is_program: Callable[[str], bool],
    ) -> None:
        self.rest, self._files, self._path, self._is_program = rest, files, path, is_program

    def _take(self, *words: str) -> bool:
        if self.rest and self.rest[0] in words:
            del self.rest[0]
            return True
        return False

    def disjunction(self) -> bool:
        value = self._conjunction()
        while self._take("-o", "||"):
            value = self._conjunction() or value
        return value

    def _conjunction(self) -> bool:
        value = self._negation()
        while self._take("-a", "&&"):
            value = self._negation() and value
        return value

    def _negation(self) -> bool:
        if len(self.rest) > 1 and self.rest[0] == "!":
            del self.rest[0]
            return not self._negation()
        return self._primary()

    def _primary(self) -> bool:
        rest = self.rest
        if not rest:
            raise ConditionSyntaxError("argument expected")
        if len(rest) >= 3 and (operator := rest[1]) in {
            *_NUMERIC,
            "=",
            "==",
            "!=",
            "<",
            ">",
            "-nt",
            "-ot",
            "-ef",
            "=~",
        }:
            left, right = rest[0], rest[2]
            del rest[:3]
            return self._binary(left, operator, right)
        if rest[0] == "(" and len(rest) > 1:
            del rest[0]
            value = self.disjunction()
            if not self._take(")"):
                raise ConditionSyntaxError("closing paren expected")
            return value
        if len(rest) >= 2 and rest[0].startswith("-") and rest[0][1:] in _UNARY:
            flag, operand = rest[0][1:], rest[1]
            del rest[:2]
            return self._unary(flag, operand)
        return bool(rest.pop(0))

    def _binary(self, left: str, operator: str, right: str) -> bool:
        if operator in _NUMERIC:
            for text in (left, right):
                if not _INTEGER.fullmatch(text.strip()):
                    raise ConditionSyntaxError(f"invalid number '{text}'")
            return _NUMERIC[operator](int(left), int(right))
        if operator == "-ef":
            return self._is_same(left, right)
        if operator in {"-nt", "-ot"}:
            times = [
                self._files.stat(self._path(each)).mtime if self._files.exists(self._path(each)) else -1
                for each in (left, right)
            ]
            return times[0] > times[1] if operator == "-nt" else times[0] < times[1]
        return {
            "=": left == right,
            "==": left == right,
            "!=": left != right,
            "<": left < right,
            ">": left > right,
        }.get(operator, False)

    def _is_same(self, left: str, right: str) -> bool:
        """Whether two paths lead to one file."""
        try:
            return self._files.node(self._path(left)) is self._files.node(self._path(right))
        except OSError:
            return False

    def _unary(self, flag: str, operand: str) -> bool:
        if flag in "nz":
            return bool(operand) == (flag == "n")
        path, files = self._path(operand), self._files
        if flag in "efxrsh" and not files.exists(path) and path.startswith("/") and self._is_program(path):
            return True
        match flag:
            case "d":
                return files.is_dir(path)
            case "f":
                return files.is_file(path)
            case "s":
                return files.exists(path) and files.stat(path).size > 0
            case "L" | "h":
                try:
                    return files.stat(path, follow=False).kind == "symlink"
                except OSError:
                    return False
            case "x":
                runs = files.is_dir(path) or (files.exists(path) and bool(files.stat(path).mode & 0o111))
                return runs and files.may(SEARCH, path)
            case "r" | "w":
                return files.may(READ if flag == "r" else WRITE, path)
            case "e" | "O" | "G":
                return files.exists(path)
            case "u" | "g" | "k":
                return files.exists(path) and bool(files.stat(path).mode & _SPECIAL_BITS[flag])
            case _:
                return False
