"""`set -x`: each command before it runs.

Source: POSIX.1-2017, Shell Command Language, 2.14 set; 2.5.3 Shell Variables (PS4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kubelite.images.shell.parameters import quoted

if TYPE_CHECKING:
    from kubelite.images.shell.interpreter import Shell

_QUOTED = frozenset(" !\"#$%&'()*;<=>?`[\\{|}~\t\n")


async def show(shell: Shell, assigned: Mapping[str, str], words: Sequence[str]) -> None:
    """Writes assignments and words to standard error, as they could be given to a shell."""
    shown = [f"{name}={_shown(value)}" for name, value in assigned.items()]
    text = " ".join([*shown, *map(_shown, words)])
    if text:
        await shell.process.err(f"{shell.variables.get('PS4', '')}{text}\n")


def _shown(text: str) -> str:
    return quoted(text) if not text or any(char in _QUOTED or char > "z" for char in text) else text
