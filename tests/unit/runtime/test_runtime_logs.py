"""What is shown where nobody has said how to log, and that structlog is only imported for it."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
import structlog

from kubelite.runtime.logs import get_logger

SCRIPT = """
import sys
from kubelite.runtime.logs import get_logger
log = get_logger(component="tried")
log.debug("unheard")
log.info("unheard as well")
print("structlog" in sys.modules)
log.warning("heard", key="value")
print("structlog" in sys.modules)
"""


@pytest.fixture
def unconfigured():
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def test_structlog_is_imported_by_the_first_warning():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    assert "heard" in done.stderr
    assert "unheard" not in done.stderr


@pytest.mark.usefixtures("unconfigured")
def test_an_exception_is_shown_with_its_traceback_and_bound_values(capsys):
    try:
        raise LookupError("the cause")
    except LookupError:
        get_logger(component="tried").bind(key="default/web").exception("it failed")
    shown = capsys.readouterr().err
    assert all(each in shown for each in ("it failed", "LookupError: the cause", "tried", "default/web"))


def test_a_configuration_holds():
    with structlog.testing.capture_logs() as logs:
        get_logger(component="tried").info("heard")
    assert logs == [{"component": "tried", "event": "heard", "log_level": "info"}]


@pytest.mark.usefixtures("unconfigured")
def test_a_log_that_is_closed_fails_nobody(caplog):
    stream = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream))
    stream.close()
    get_logger(component="tried").warning("unheard")
    assert "a line could not be logged: ('unheard',)" in caplog.text
