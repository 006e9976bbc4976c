"""Command-line options the way BusyBox reads them."""

from __future__ import annotations

from collections.abc import Sequence


class UsageError(Exception):
    """An option is unknown or lacks its argument; the text is BusyBox's."""


def parse_options(
    args: Sequence[str], flags: str, valued: str = "", long: dict[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Splits arguments into options and operands.

    Args:
        args: Without the command's name.
        flags: Letters of options without an argument.
        valued: Letters of options with one.
        long: Long names to the letter each stands for.

    Returns:
        Options by letter (flags have ""), and the operands.

    Raises:
        UsageError: An option is unknown or lacks its argument.
    """
    options: dict[str, str] = {}
    operands: list[str] = []
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            operands += rest
            break
        if arg.startswith("--"):
            name, equals, value = arg[2:].partition("=")
            letter = (long or {}).get(name)
            if letter is None:
                raise UsageError(f"unrecognized option '{arg}'")
            if letter in valued and not equals:
                if not rest:
                    raise UsageError(f"option '{arg}' requires an argument")
                value = rest.pop(0)
            options[letter] = value
        elif arg.startswith("-") and len(arg) > 1:
            letters = arg[1:]
            while letters:
                letter, letters = letters[0], letters[1:]
                if letter in valued:
                    if not letters and not rest:
                        raise UsageError(f"option requires an argument -- '{letter}'")
                    options[letter] = letters or rest.pop(0)
                    letters = ""
                elif letter in flags:
                    options[letter] = ""
                else:
                    raise UsageError(f"invalid option -- '{letter}'")
        else:
            operands.append(arg)
    return options, operands
