"""Loggers that are silent below warning unless the program which embeds us says otherwise.

Where structlog has been configured, its configuration holds; where it has not, only warnings and errors are
shown.
"""

from __future__ import annotations

import logging
import sys
from functools import cache
from typing import Any

import structlog

_QUIET = structlog.make_filtering_bound_logger(logging.WARNING)


@cache
def _processors() -> tuple[Any, ...]:
    """The way structlog shows a line, but for tracebacks: drawing one in colours stops the loop."""
    return (
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    )


class Logger:
    """A logger with bound values; looks at the configuration at each call."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __repr__(self) -> str:
        return f"<Logger {self._values}>"

    def bind(self, **values: Any) -> Logger:
        """The logger with further values."""
        return Logger({**self._values, **values})

    def __getattr__(self, name: str) -> Any:
        if structlog.is_configured():
            return getattr(structlog.get_logger(**self._values), name)
        quiet = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr), processors=_processors(), wrapper_class=_QUIET, **self._values
        )
        return getattr(quiet, name)


def get_logger(**values: Any) -> Logger:
    """A logger with bound values."""
    return Logger(values)
