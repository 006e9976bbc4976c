"""The pytest plugin: clusters as fixtures, and the cluster as it was in the report of a test that failed.

    async def test_backend(kubelite_cluster): ...            # pytest-asyncio in any mode, or anyio
    def test_deploy(kubelite_cluster_sync): ...              # on a thread of its own, for blocking clients

Each has a variant for a module and one for the session: `kubelite_cluster_module`,
`kubelite_cluster_session_sync`. `kubelite_namespace` is a namespace for one test.

Loading it costs next to nothing: kubelite itself is imported when the first cluster is asked for.

PYTEST_DONT_REWRITE: as said in `kubelite`.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Any, Final

import pytest

from kubelite.pytest_plugin.dispatch import (
    kubelite_cluster,
    kubelite_cluster_module,
    kubelite_cluster_module_sync,
    kubelite_cluster_session,
    kubelite_cluster_session_sync,
    kubelite_cluster_sync,
    kubelite_namespace,
    kubelite_options,
    refuse_other_loops,
)
from kubelite.pytest_plugin.settings import LIVE, TARGET_KUBELITE, check_target

__all__ = [
    "kubelite_cluster",
    "kubelite_cluster_module",
    "kubelite_cluster_module_sync",
    "kubelite_cluster_session",
    "kubelite_cluster_session_sync",
    "kubelite_cluster_sync",
    "kubelite_namespace",
    "kubelite_options",
]

MARKER: Final = (
    "kubelite(nodes=1, seed=None, virtual_time=False, **options): the cluster that a test, class or module "
    "is run with; options are those of kubelite.Cluster"
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The command line."""
    _leave_assertions(pluginmanager)
    group = parser.getgroup("kubelite", "Kubernetes clusters in this process (kubelite)")
    group.addoption("--kubelite-nodes", type=int, metavar="N", help="nodes of a cluster (default: 1)")
    group.addoption("--kubelite-seed", type=int, metavar="N", help="seed of clusters (default: by chance)")
    group.addoption(
        "--kubelite-virtual-time",
        action="store_true",
        help="clusters of async tests jump to the next timer when all is idle",
    )
    group.addoption(
        "--kubelite-artifacts",
        metavar="DIR",
        help="where a failing test leaves objects and logs of its cluster",
    )
    group.addoption(
        "--kubelite-target",
        default=TARGET_KUBELITE,
        metavar="kubelite|kubeconfig:CONTEXT",
        help="run the tests on a real cluster: that of a context of the kubeconfig, or of its current one "
        "(kubeconfig:)",
    )


def _leave_assertions(pluginmanager: pytest.PytestPluginManager) -> None:
    """Pytest rewrites all modules of a distribution with a plugin: kubelite's assertions stay as they are."""
    marked = getattr(getattr(pluginmanager, "rewrite_hook", None), "_must_rewrite", None)
    if isinstance(marked, set):
        marked.discard("kubelite")


def pytest_configure(config: pytest.Config) -> None:
    """The marker, and the fixtures of the async runners that are there."""
    config.addinivalue_line("markers", MARKER)
    config.stash[LIVE] = {}
    check_target(config)
    if _has(config, "asyncio", "pytest_asyncio.plugin"):
        from kubelite.pytest_plugin import asyncio_fixtures  # noqa: PLC0415 - it needs pytest-asyncio

        config.pluginmanager.register(asyncio_fixtures, "kubelite-asyncio")
    if _has(config, "anyio", "anyio.pytest_plugin"):
        from kubelite.pytest_plugin import anyio_fixtures  # noqa: PLC0415 - only anyio knows what to do with them

        config.pluginmanager.register(anyio_fixtures, "kubelite-anyio")


def _has(config: pytest.Config, *names: str) -> bool:
    """Whether a plugin is there: by the name of its entry point, or by its module's (`-p MODULE`)."""
    return any(config.pluginmanager.hasplugin(each) for each in names)


def _skip_unsupported() -> Generator[None, Any, Any]:
    """What the back end lacks skips the test."""
    try:
        return (yield)
    except Exception as error:
        remote = sys.modules.get("kubelite.cluster.remote")
        if remote is not None and isinstance(error, remote.Unsupported):
            raise pytest.skip.Exception(str(error), _use_item_location=True) from None
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fixtures may ask for what the back end lacks; and anyio may run a test on another loop than ours."""
    refuse_other_loops(item)
    return (yield from _skip_unsupported())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, Any, Any]:
    """So may tests."""
    return (yield from _skip_unsupported())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test's report shows its clusters as they were."""
    report = yield
    if report.failed and call.when != "teardown" and item.config.stash[LIVE]:
        from kubelite.pytest_plugin.reporting import sections  # noqa: PLC0415 - most tests pass

        report.sections += sections(item)
    return report
