"""The parser of Go's regular expressions: from a pattern to a tree, with Go's refusals.

Source: regexp/syntax/parse.go of Go (flags `Perl`).
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import attrs

from kubelite.apimachinery.regexp import charset
from kubelite.apimachinery.regexp.charset import Ranges

REPEAT_MAX: Final = 1000
DEPTH_MAX: Final = 1000

AssertKind: TypeAlias = Literal["begin", "end", "line begin", "line end", "word", "no word"]


class PatternError(ValueError):
    """Go does not take the pattern; the text is Go's."""

    def __init__(self, code: str, part: str) -> None:
        super().__init__(f"error parsing regexp: {code}: `{part}`")


@attrs.frozen
class Chars:
    """One character out of a set."""

    ranges: Ranges


@attrs.frozen
class Assert:
    """A place between characters."""

    kind: AssertKind


@attrs.frozen
class Concat:
    """One after the other."""

    items: tuple[Node, ...]


@attrs.frozen
class Alternate:
    """One or the other."""

    items: tuple[Node, ...]


@attrs.frozen
class Repeat:
    """So many times, None standing for no bound."""

    item: Node
    least: int
    most: int | None


Node: TypeAlias = Chars | Assert | Concat | Alternate | Repeat

_CONTROLS: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_REPEATS: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@attrs.frozen
class Flags:
    """What `(?ims)` turns on."""

    fold: bool = False
    lines: bool = False
    dot_newline: bool = False


class Parser:
    """Reads one pattern."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._flags = Flags()
        self._names: set[str] = set()

    def parse(self) -> Node:
        """The tree of the whole pattern.

        Raises:
            PatternError: Go refuses it.
        """
        node = self._alternate(0)
        if self._at < len(self._text):
            raise PatternError("unexpected )", self._text)
        return node

    @property
    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _alternate(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise PatternError("expression nests too deeply", self._text)
        branches = [self._concat(depth)]
        while self._next == "|":
            self._at += 1
            branches.append(self._concat(depth))
        return branches[0] if len(branches) == 1 else Alternate(tuple(branches))

    def _concat(self, depth: int) -> Node:
        items: list[Node] = []
        repeated_from = -1
        while self._at < len(self._text) and self._next not in {"|", ")"}:
            before = self._at
            found = self._repetition()
            if found is None:
                repeated_from = -1
                items += self._atom(depth)
                continue
            if not items:
                raise PatternError(
                    "missing argument to repetition operator",
                    self._text[before : self._at].removesuffix("?") or "?",
                )
            if repeated_from >= 0:
                raise PatternError("invalid nested repetition operator", self._text[repeated_from : self._at])
            repeated_from = before
            items[-1] = Repeat(items[-1], *found)
        return items[0] if len(items) == 1 else Concat(tuple(items))

    def _repetition(self) -> tuple[int, int | None] | None:
        """The repetition operator that comes next, behind which a `?` only makes it lazy."""
        start = self._at
        if self._next in _REPEATS:
            counts = _REPEATS[self._next]
            self._at += 1
        elif self._next == "{":
            found = self._counts()
            if found is None:
                return None
            counts = found
            least, most = counts
            if least > REPEAT_MAX or (most is not None and (most > REPEAT_MAX or most < least)):
                raise PatternError("invalid repeat count", self._text[start : self._at])
        else:
            return None
        if self._next == "?":
            self._at += 1
        return counts

    def _counts(self) -> tuple[int, int | None] | None:
        """`{n}`, `{n,}` or `{n,m}`; anything else is text."""
        end = self._text.find("}", self._at)
        inside = self._text[self._at + 1 : end] if end > 0 else ""
        least, comma, most = inside.partition(",")
        for number in (least, most) if most else (least,):
            if not (number.isascii() and number.isdigit()) or (len(number) > 1 and number[0] == "0"):
                return None
        self._at = end + 1
        return int(least), int(most) if most else None if comma else int(least)

    def _atom(self, depth: int) -> list[Node]:
        character = self._next
        match character:
            case "(":
                return self._group(depth)
            case "[":
                return [Chars(self._class())]
            case ".":
                self._at += 1
                return [Chars(charset.ANY if self._flags.dot_newline else charset.NOT_NEWLINE)]
            case "^":
                self._at += 1
                return [Assert("line begin" if self._flags.lines else "begin")]
            case "$":
                self._at += 1
                return [Assert("line end" if self._flags.lines else "end")]
            case "\\":
                return self._escape()
            case _:
                self._at += 1
                return [self._literal(ord(character))]

    def _literal(self, point: int) -> Chars:
        ranges: Ranges = ((point, point),)
        return Chars(charset.folded(ranges) if self._flags.fold else ranges)

    # --- groups ---------------------------------------------------------------------------------------------

    def _group(self, depth: int) -> list[Node]:
        outer = self._flags
        self._at += 1
        if self._next == "?" and self._opens_flags():
            return []
        inner = self._alternate(depth + 1)
        if self._next != ")":
            raise PatternError("missing closing )", self._text)
        self._at += 1
        self._flags = outer
        return [inner]

    def _opens_flags(self) -> bool:
        """Reads what follows `(?`; True if that was all of the group, and its flags hold from here on."""
        start = self._at - 1
        rest = self._text[self._at :]
        for prefix in ("?P<", "?<"):
            if rest.startswith(prefix) and not (prefix == "?<" and rest[2:3] in {"=", "!"}):
                self._name(start, prefix)
                return False
        flags, on, seen = self._flags, True, False
        self._at += 1
        while self._at < len(self._text):
            character = self._next
            self._at += 1
            match character:
                case "i":
                    flags = attrs.evolve(flags, fold=on)
                case "m":
                    flags = attrs.evolve(flags, lines=on)
                case "s":
                    flags = attrs.evolve(flags, dot_newline=on)
                case "U":
                    pass
                case "-" if on:
                    on, seen = False, False
                    continue
                case ":" | ")":
                    if not on and not seen:
                        break
                    self._flags = flags
                    return character == ")"
                case _:
                    break
            seen = True
        if self._at >= len(self._text) and self._text[-1] not in ":)":
            raise PatternError("missing closing )", self._text)
        raise PatternError("invalid or unsupported Perl syntax", self._text[start : self._at])

    def _name(self, start: int, prefix: str) -> None:
        end = self._text.find(">", self._at)
        if end < 0:
            raise PatternError("invalid named capture", self._text[start:])
        name = self._text[self._at + len(prefix) : end]
        good = name and all(each == "_" or (each.isascii() and each.isalnum()) for each in name)
        if not good:
            raise PatternError("invalid named capture", self._text[start : end + 1])
        if name in self._names:
            raise PatternError("duplicate capture group name", name)
        self._names.add(name)
        self._at = end + 1

    # --- escapes --------------------------------------------------------------------------------------------

    def _escape(self) -> list[Node]:
        following = self._text[self._at + 1 : self._at + 2]
        simple: dict[str, AssertKind] = {"A": "begin", "z": "end", "b": "word", "B": "no word"}
        if following in simple:
            self._at += 2
            return [Assert(simple[following])]
        if following == "Q":
            quoted, _, _ = self._text[self._at + 2 :].partition("\\E")
            ended = self._text.startswith("\\E", self._at + 2 + len(quoted))
            self._at += 2 + len(quoted) + (2 if ended else 0)
            return [self._literal(ord(each)) for each in quoted]
        ranges = self._class_escape()
        if ranges is not None:
            return [Chars(ranges)]
        return [self._literal(self._point())]

    def _class_escape(self) -> Ranges | None:
        r"""`\d`, `\PL`, `\p{Greek}` and the like; None if something else comes next."""
        following = self._text[self._at + 1 : self._at + 2]
        if following.lower() in charset.PERL:
            self._at += 2
            ranges = charset.PERL[following.lower()]
            return charset.negated(ranges) if following.isupper() else ranges
        if following not in {"p", "P"}:
            return None
        start = self._at
        if self._text[start + 2 : start + 3] == "{":
            end = self._text.find("}", start)
            if end < 0:
                raise PatternError("invalid character class range", self._text[start:])
            name = self._text[start + 3 : end]
        else:
            end = start + 2
            name = self._text[end : end + 1]
        self._at = end + 1
        negative = (following == "P") != name.startswith("^")
        found = charset.unicode_class(name.removeprefix("^"))
        if found is None:
            raise PatternError("invalid character class range", self._text[start : self._at])
        if self._flags.fold:
            found = charset.folded(found)
        return charset.negated(found) if negative else found

    def _point(self) -> int:
        """The code point of an escape."""
        start = self._at
        character = self._text[start + 1 : start + 2]
        if not character:
            raise PatternError("trailing backslash at end of expression", "")
        self._at += 2
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character == "x":
            return self._hexadecimal(start)
        octal = character in "01234567" and (character == "0" or self._next in set("01234567"))
        if octal:
            digits = character
            while len(digits) < 3 and self._next and self._next in "01234567":
                digits += self._next
                self._at += 1
            return int(digits, 8)
        if character.isascii() and not character.isalnum():
            return ord(character)
        raise PatternError("invalid escape sequence", self._text[start : self._at])

    def _hexadecimal(self, start: int) -> int:
        if self._next == "{":
            end = self._text.find("}", self._at)
            digits, following = self._text[self._at + 1 : end], end + 1
        else:
            digits, following = self._text[self._at : self._at + 2], self._at + 2
            if len(digits) < 2:
                digits = ""
        if (
            not digits
            or not all(each in "0123456789abcdefABCDEF" for each in digits)
            or int(digits, 16) > charset.LAST
        ):
            raise PatternError("invalid escape sequence", self._text[start : max(following, self._at)])
        self._at = following
        return int(digits, 16)

    # --- classes --------------------------------------------------------------------------------------------

    def _class(self) -> Ranges:
        start = self._at
        self._at += 1
        negative = self._next == "^"
        if negative:
            self._at += 1
        ranges: list[tuple[int, int]] = []
        first = True
        while self._next != "]" or first:
            if not self._next:
                raise PatternError("missing closing ]", self._text[start:])
            first = False
            named = self._posix_class()
            if named is None and self._next == "\\":
                named = self._class_escape()
            if named is not None:
                ranges += named
                continue
            ranges.append(self._range(start))
        self._at += 1
        made = charset.folded(ranges) if self._flags.fold else charset.normalised(ranges)
        return charset.negated(made) if negative else made

    def _posix_class(self) -> Ranges | None:
        if not self._text.startswith("[:", self._at):
            return None
        end = self._text.find(":]", self._at + 2)
        if end < 0:
            return None
        name = self._text[self._at + 2 : end]
        found = charset.POSIX.get(name.removeprefix("^"))
        if found is None:
            raise PatternError("invalid character class range", self._text[self._at : end + 2])
        self._at = end + 2
        return charset.negated(found) if name.startswith("^") else found

    def _range(self, class_start: int) -> tuple[int, int]:
        start = self._at
        low = self._class_point(class_start)
        if self._next != "-" or self._text[self._at + 1 : self._at + 2] in {"]", ""}:
            return low, low
        self._at += 1
        high = self._class_point(class_start)
        if high < low:
            raise PatternError("invalid character class range", self._text[start : self._at])
        return low, high

    def _class_point(self, class_start: int) -> int:
        if not self._next:
            raise PatternError("missing closing ]", self._text[class_start:])
        if self._next == "\\":
            return self._point()
        point = ord(self._next)
        self._at += 1
        return point


def parse(pattern: str) -> Node:
    """The tree of a pattern.

    Raises:
        PatternError: Go refuses it.
    """
    return Parser(pattern).parse()
