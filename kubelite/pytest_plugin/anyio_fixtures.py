"""The clusters of tests which anyio's plugin runs: plain async fixtures, in which it sees to the loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kubelite.pytest_plugin.dispatch import Scope, fixture_name


def _cluster(scope: Scope) -> Any:
    name = fixture_name(scope)

    async def cluster(request: pytest.FixtureRequest, kubelite_options: dict[str, Any]) -> AsyncIterator[Any]:
        from kubelite.pytest_plugin.clusters import run_cluster  # noqa: PLC0415 - it imports kubelite

        async with run_cluster(request, name, kubelite_options) as running:
            yield running

    return pytest.fixture(scope=scope, name=f"_{name}_anyio")(cluster)


_cluster_function = _cluster("function")
_cluster_module = _cluster("module")
_cluster_session = _cluster("session")


@pytest.fixture(name="_kubelite_namespace_anyio")
async def _namespace(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    from kubelite.pytest_plugin.clusters import run_namespace  # noqa: PLC0415 - as above

    async with run_namespace(request) as name:
        yield name
