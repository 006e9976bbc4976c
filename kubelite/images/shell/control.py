"""How a script leaves its normal flow: `exit`, `return`, `break`, `continue`; and statuses with a meaning."""

from __future__ import annotations

from typing import Final

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
SYNTAX_ERROR: Final = 2
SIGNAL_BASE: Final = 128
SIGPIPE_STATUS: Final = SIGNAL_BASE + 13


class Exit(Exception):  # noqa: N818 - control flow, not an error
    """`exit`: leaves the shell or the subshell."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Return(Exit):
    """`return`: leaves the function."""


class LoopControl(Exception):  # noqa: N818 - control flow, not an error
    """`break` or `continue` out of `levels` loops."""

    def __init__(self, levels: int, *, goes_on: bool) -> None:
        super().__init__(levels)
        self.levels, self.goes_on = levels, goes_on


class ShellError(Exception):
    """An error that ends a script, as a read-only variable does; the text is what the shell says."""
