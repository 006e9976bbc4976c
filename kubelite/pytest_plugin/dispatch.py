"""The fixtures that tests name. Each finds out how its test is run, and asks the fixture made for that.

An async cluster must start in the loop of its test. Which loop that is, only the test's runner knows; so
there is one inner fixture for each runner (and, with pytest-asyncio, for each scope of a loop).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

import pytest

from kubelite.pytest_plugin.settings import LIVE, Live, settings_of

Scope = Literal["function", "module", "session"]
SCOPES: Final[tuple[Scope, ...]] = ("function", "module", "session")
LOOP_SCOPES: Final = ("function", "class", "module", "package", "session")
"""Of pytest-asyncio, the shortest first."""
NAMESPACE: Final = pytest.StashKey[tuple[str, Any]]()
"""For the fixture of a namespace: the cluster's fixture, and the cluster."""


def fixture_name(scope: Scope, *, sync: bool = False) -> str:
    """The name of a cluster's fixture."""
    return "kubelite_cluster" + ("" if scope == "function" else f"_{scope}") + ("_sync" if sync else "")


def runner_of(item: Any, fixture: str, scope: Scope) -> str:
    """Who runs an async test: `anyio`, or `asyncio_` and the scope of the loop.

    Fails the test if nobody does, or if the loop ends before the cluster.
    """
    is_async = _is_async(item)
    marker = item.get_closest_marker("asyncio")
    if is_async and marker is not None and item.get_closest_marker("anyio"):
        pytest.fail(
            "anyio and pytest-asyncio both run this test, each in a loop of its own: in asyncio_mode=auto "
            f"leave pytest.mark.anyio out; or use asyncio_mode=strict, and one of the two marks ({fixture})",
            pytrace=False,
        )
    if is_async and marker is not None:
        loop_scope = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope") or _default_scope(item)
        if LOOP_SCOPES.index(loop_scope) < LOOP_SCOPES.index(scope):
            pytest.fail(
                f"{fixture} needs an event loop that lives as long as the {scope}; this test's ends with the "
                f"{loop_scope}: mark it with pytest.mark.asyncio(loop_scope={scope!r})",
                pytrace=False,
            )
        return f"asyncio_{loop_scope}"
    if is_async and "anyio_backend" in item.fixturenames:
        return "anyio"
    if is_async and _is_of_unittest(item):
        pytest.fail(
            f"unittest runs its async tests in a loop of its own, where no fixture can start {fixture}: "
            f"use {fixture}_sync, or in asyncSetUp `await self.enterAsyncContext(kubelite.Cluster())`",
            pytrace=False,
        )
    if is_async:
        pytest.fail(
            f"nobody runs this async test: mark it with pytest.mark.asyncio or pytest.mark.anyio ({fixture})",
            pytrace=False,
        )
    pytest.fail(
        f"{fixture} is for async tests: this one blocks the event loop; use {fixture}_sync", pytrace=False
    )


def _is_async(item: Any) -> bool:
    function = getattr(getattr(item.obj, "hypothesis", None), "inner_test", item.obj)
    return inspect.iscoroutinefunction(function)


def _is_of_unittest(item: Any) -> bool:
    from _pytest.unittest import TestCaseFunction  # noqa: PLC0415 - it imports unittest, which pytest alone may not

    return isinstance(item, TestCaseFunction)


def refuse_other_loops(item: Any) -> None:
    """Skips or fails a test that wants an async cluster, and runs on another loop than such a cluster can.

    A cluster of a module may be there already, from another test: so fixtures cannot tell.
    """
    asked = set(getattr(getattr(item, "_fixtureinfo", None), "argnames", ()))
    for scope in ("module", "session"):
        if fixture_name(scope) in asked:
            runner_of(item, fixture_name(scope), scope)
    callspec = getattr(item, "callspec", None)
    if callspec is not None and "anyio_backend" in callspec.params:
        wanted = {fixture_name(scope) for scope in SCOPES}
        if wanted & set(item.fixturenames):
            _need_asyncio(callspec.params["anyio_backend"])


def _need_asyncio(backend: Any) -> None:
    name = backend if isinstance(backend, str) else backend[0]
    if name != "asyncio":
        pytest.skip(f"kubelite's actors run on asyncio, not on {name}")


def _default_scope(item: Any) -> str:
    try:
        return str(item.config.getini("asyncio_default_test_loop_scope") or "function")
    except ValueError:  # pytest-asyncio before 0.26
        return "function"


def _async_cluster(scope: Scope) -> Callable[..., Any]:
    name = fixture_name(scope)

    def cluster(request: pytest.FixtureRequest) -> Any:
        runner = runner_of(request._pyfuncitem, name, scope)  # noqa: SLF001 - pytest has no other way to it
        if runner == "anyio":
            _need_asyncio(request.getfixturevalue("anyio_backend"))
        return request.getfixturevalue(f"_{name}_{runner}")

    cluster.__doc__ = f"A kubelite cluster for async tests of one {scope}."
    return pytest.fixture(scope=scope, name=name)(cluster)


def _sync_cluster(scope: Scope) -> Callable[..., Any]:
    name = fixture_name(scope, sync=True)

    def cluster(request: pytest.FixtureRequest, kubelite_options: dict[str, Any]) -> Iterator[Any]:
        from kubelite.pytest_plugin.clusters import open_blocking  # noqa: PLC0415 - it imports kubelite

        settings, live = settings_of(request, name, kubelite_options), request.config.stash[LIVE]
        with open_blocking(settings) as running:
            live[name] = Live(settings, running, None)
            try:
                yield running
            finally:
                del live[name]

    cluster.__doc__ = f"A kubelite cluster on a thread of its own, for blocking tests of one {scope}."
    return pytest.fixture(scope=scope, name=name)(cluster)


kubelite_cluster = _async_cluster("function")
kubelite_cluster_module = _async_cluster("module")
kubelite_cluster_session = _async_cluster("session")
kubelite_cluster_sync = _sync_cluster("function")
kubelite_cluster_module_sync = _sync_cluster("module")
kubelite_cluster_session_sync = _sync_cluster("session")


@pytest.fixture(scope="session")
def kubelite_options() -> dict[str, Any]:
    """Arguments of `kubelite.Cluster` for all clusters of a test suite: override it in a `conftest.py`."""
    return {}


@pytest.fixture
def kubelite_namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a fresh namespace, for this test only, in the cluster that the test uses."""
    item: Any = request._pyfuncitem  # noqa: SLF001 - as above
    names = [
        fixture_name(scope, sync=sync)
        for sync in (False, True)
        for scope in SCOPES
        if fixture_name(scope, sync=sync) in item.fixturenames
    ]
    name = names[0] if names else fixture_name("function", sync=not _is_async(item))
    cluster = request.getfixturevalue(name)
    if name.endswith("_sync"):
        from kubelite.pytest_plugin.clusters import blocking_namespace  # noqa: PLC0415 - it imports kubelite

        with blocking_namespace(cluster, request.node.name) as made:
            yield made
        return
    request.node.stash[NAMESPACE] = name, cluster
    yield request.getfixturevalue(f"_kubelite_namespace_{runner_of(item, name, 'function')}")
