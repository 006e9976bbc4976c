"""Backslash escapes and `printf` formats.

Source: POSIX.1-2017, File Format Notation; Utilities, printf.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPE = re.compile(r"\\(c|[abefnrtv\\\"']|0[0-7]{0,3}|x[0-9a-fA-F]{1,2}|[1-7][0-7]{0,2})")
_NAMED = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
}
_FORMAT = re.compile(r"%([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+))?([diouxXfeEgGcsbq%])")


def escape(text: str) -> tuple[str, bool]:
    r"""Text with its backslash escapes replaced, and whether `\c` ended it early."""
    stop = text.find("\\c")
    while stop > 0 and text[stop - 1] == "\\":
        stop = text.find("\\c", stop + 1)
    stopped = stop >= 0
    return _ESCAPE.sub(_character, text[:stop] if stopped else text), stopped


def _character(match: re.Match[str]) -> str:
    code = match.group(1)
    if code in _NAMED:
        return _NAMED[code]
    value = int(code[1:], 16) if code[0] == "x" else int(code, 8) & 255
    # A byte which is no character stays that byte when the text is written.
    return chr(value) if value < 128 else chr(0xDC00 + value)


class FormatError(Exception):
    """An argument is no number; `made` is what is printed all the same."""

    def __init__(self, made: str, text: str) -> None:
        super().__init__(f"invalid number '{text}'")
        self.made, self.text = made, text


def format_printf(layout: str, args: Sequence[str]) -> str:
    """What `printf` prints: the format is used again while arguments are left.

    Raises:
        FormatError: An argument is no number.
    """
    rest, made, wrong = list(args), "", list[str]()
    while True:
        before = len(rest)
        piece, stopped = _once(layout, rest, wrong)
        made += piece
        if stopped or not rest or len(rest) == before:
            if wrong:
                raise FormatError(made, wrong[0])
            return made


def _once(layout: str, rest: list[str], wrong: list[str]) -> tuple[str, bool]:
    stops = False

    def one(match: re.Match[str]) -> str:
        nonlocal stops
        flags, width, precision, kind = match.groups()
        if kind == "%":
            return "%"
        if kind == "o" and "#" in flags:  # C's prefix of octal numbers is not Python's
            value = rest.pop(0) if rest else ""
            return f"%{flags.replace('#', '')}{width or ''}s" % f"0{_integer(value, wrong, unsigned=True):o}"
        width = rest.pop(0) if width == "*" and rest else width
        precision = rest.pop(0) if precision == "*" and rest else precision
        value = rest.pop(0) if rest else ""
        spec = "%" + flags + (width or "") + (f".{precision}" if precision is not None else "")
        if kind in "diouxX":
            return (spec + ("d" if kind in "iu" else kind)) % _integer(value, wrong, unsigned=kind in "ouxX")
        if kind in "feEgG":
            return (spec + kind) % _float(value, wrong)
        if kind == "q":
            value = _shell_word(value)
        if kind == "c":
            value = value[:1]
        elif kind == "b":
            value, stops = escape(value)
        return (spec + "s") % value

    pieces, at = [], 0
    for match in _FORMAT.finditer(layout):
        text, stopped = escape(layout[at : match.start()])
        pieces.append(text)
        if stopped:
            return "".join(pieces), True
        pieces.append(one(match))
        if stops:
            return "".join(pieces), True
        at = match.end()
    text, stopped = escape(layout[at:])
    return "".join([*pieces, text]), stopped


def _shell_word(text: str) -> str:
    """A text as bash's `%q` writes it: what a shell reads as exactly that."""
    if not text:
        return "''"
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        names = {value: name for name, value in _NAMED.items() if value not in "\"\\'"}
        inner = text.replace("\\", "\\\\").replace("'", "\\'")
        return "$'" + "".join("\\" + names[char] if char in names else char for char in inner) + "'"
    return re.sub(r"([^A-Za-z0-9_@%+=:,./\x80-\U0010ffff-])", r"\\\1", text)


def _float(text: str, wrong: list[str]) -> float:
    try:
        return float(text or 0)
    except ValueError:
        wrong.append(text)
        return 0.0


def _integer(text: str, wrong: list[str], *, unsigned: bool) -> int:
    if text[:1] in {"'", '"'} and len(text) > 1:
        return ord(text[1])
    match = re.match(r"\s*([-+]?)(0[xX][0-9a-fA-F]+|\d*)", text)
    assert match is not None
    if match.end() != len(text) or (text and not match.group(2)):
        wrong.append(text)
    digits = match.group(2)
    if digits[:2].lower() == "0x":
        value = int(digits, 16)
    else:
        value = int(digits or "0", 8 if re.fullmatch("0[0-7]+", digits) else 10)
    value = -value if match.group(1) == "-" else value
    return value % 2**64 if unsigned else value
