"""A pytest of its own process for each test, with the plugin and nothing that this suite adds."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

PLUGIN = "kubelite.pytest_plugin"
INSTALLED = any(each.value == PLUGIN for each in entry_points(group="pytest11"))
MODES = {
    "auto": ("-o", "asyncio_mode=auto"),
    "strict": ("-o", "asyncio_mode=strict"),
}

WEB = """
WEB = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]}]},
}
"""


ROOT = Path(__file__).parents[3]


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs pytest on a test module's text; further arguments are those of its command line."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(text, *arguments, mode="strict"):
        pytester.makepyfile(f"import pytest\nimport kubelite\n{WEB}\n{text}")
        every = [
            *("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-W", "error"),
            *("-o", "asyncio_default_fixture_loop_scope=function", "-rs", "--tb=short"),
            *(MODES.get(mode, ())),
            *(() if INSTALLED else ("-p", PLUGIN)),
        ]
        return pytester.runpytest_subprocess(*every, *arguments)

    return run
