"""`$'…'`: text with the escapes of C.

Source: the Bash Reference Manual, 3.1.2.4 ANSI-C Quoting.
"""

from __future__ import annotations

import re

from kubelite.images.shell.scan import ShellSyntaxError

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "?": "?",
}
_CODE = re.compile(r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})")


def unescape_ansi(text: str, at: int) -> tuple[str, int]:
    """The quoted text that begins at `at`, and the place behind its closing quote.

    Raises:
        ShellSyntaxError: It is not closed.
    """
    made: list[bytes] = []
    while at < len(text):
        char = text[at]
        if char == "'":
            return b"".join(made).decode(errors="surrogateescape"), at + 1
        if char != "\\" or at + 1 == len(text):
            made.append(char.encode(errors="surrogateescape"))
            at += 1
            continue
        piece, at = _escaped(text, at + 1)
        made.append(piece)
    raise ShellSyntaxError("unterminated quoted string", incomplete=True)


def _escaped(text: str, at: int) -> tuple[bytes, int]:
    """What stands for the escape behind the backslash before `at`, and the place behind it."""
    if (code := _CODE.match(text, at)) is not None:
        byte, short, long, octal = code.groups()
        if short or long:
            return chr(int(short or long, 16)).encode(errors="surrogatepass"), code.end()
        return bytes((int(byte, 16) if byte else int(octal, 8) & 0xFF,)), code.end()
    if text[at] == "c" and at + 1 < len(text):
        return bytes((ord(text[at + 1]) & 0x1F,)), at + 2
    known = _SIMPLE.get(text[at])
    return (known or "\\" + text[at]).encode(errors="surrogateescape"), at + 1
