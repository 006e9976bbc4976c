"""Loggers that are silent below warning unless the program which embeds us says otherwise.

Where structlog has been configured, its configuration holds; where it has not, only warnings and errors are
shown. structlog is imported by the first of them: with what it draws tracebacks with it takes longer than a
cluster needs to start, and most have nothing to say.
"""

from __future__ import annotations

import logging
import sys
from functools import cache
from typing import Any, Final

_UNHEARD: Final = frozenset({"debug", "info"})


@cache
def _processors() -> tuple[Any, ...]:
    """The way structlog shows a line, but for tracebacks: drawing one in colours stops the loop."""
    import structlog  # noqa: PLC0415 - see above

    return (
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    )


def _is_configured() -> bool:
    """Whether somebody has said how to log. Who has not imported structlog has not."""
    structlog = sys.modules.get("structlog")
    return structlog is not None and structlog.is_configured()


def _ignore(*_: Any, **__: Any) -> None:
    pass


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
        configured = _is_configured()
        if not configured and name in _UNHEARD:
            return _ignore
        import structlog  # noqa: PLC0415 - see above

        if configured:
            return _Said(getattr(structlog.get_logger(**self._values), name))
        quiet = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            processors=_processors(),
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            **self._values,
        )
        return _Said(getattr(quiet, name))


class _Said:
    """A method of a logger that never fails: actors go on and are restarted, whatever becomes of the log."""

    __slots__ = ("_method",)

    def __init__(self, method: Any) -> None:
        self._method = method

    def __call__(self, *args: Any, **values: Any) -> None:
        try:
            self._method(*args, **values)
        except Exception:
            logging.getLogger("kubelite").exception("a line could not be logged: %s", args)


def get_logger(**values: Any) -> Logger:
    """A logger with bound values."""
    return Logger(values)
