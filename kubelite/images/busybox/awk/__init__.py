"""awk: the language of patterns and actions over records.

Source: POSIX.1-2017, Utilities, awk.
"""

from __future__ import annotations

from kubelite.images.busybox.awk.interpreter import Interpreter
from kubelite.images.busybox.awk.memory import AwkError
from kubelite.images.busybox.awk.parser import parse_awk
from kubelite.images.busybox.awk.syntax import AwkSyntaxError
from kubelite.images.busybox.awk.values import DivisionByZeroError
from kubelite.images.shell.process import Process, decode

_VALUED = frozenset({"-F", "-v", "-f"})
_FAILED = 2


async def run(process: Process) -> int:
    """`awk [-F SEPARATOR] [-v NAME=VALUE]... [-f FILE | PROGRAM] [FILE | NAME=VALUE]...`."""
    rest, options = list(process.argv[1:]), list[tuple[str, str]]()
    while rest and rest[0][:2] in _VALUED:
        flag = rest.pop(0)
        if not flag[2:] and not rest:
            return await process.fail(f"option requires an argument -- '{flag[1]}'", _FAILED)
        options.append((flag[:2], flag[2:] or rest.pop(0)))
    if rest[:1] == ["--"]:
        rest.pop(0)
    files = process.container.files
    texts = [decode(files.read(process.path(value))) for flag, value in options if flag == "-f"]
    if not texts:
        if not rest:
            return await process.fail("usage: awk [-F SEP] [-v VAR=VALUE] PROGRAM [FILE]...", _FAILED)
        texts.append(rest.pop(0))
    try:
        interpreter = Interpreter(parse_awk("\n".join(texts)), process, rest)
        for flag, value in options:
            if flag == "-F":
                interpreter.assign("FS", "\t" if value == "t" else value)
            elif flag == "-v":
                name, _, text = value.partition("=")
                interpreter.assign(name, text)
        return await interpreter.run()
    except AwkSyntaxError as error:
        return await process.fail(f"cmd. line:1: {error}", 1)
    except (AwkError, DivisionByZeroError) as error:
        return await process.fail(f"cmd. line:1: {error}", _FAILED)
    except RecursionError:
        return await process.fail("the program is nested too deeply", _FAILED)


__all__ = ["run"]
