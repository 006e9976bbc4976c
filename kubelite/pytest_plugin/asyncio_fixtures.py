"""The clusters of tests which pytest-asyncio runs: a fixture for each scope of a cluster and of a loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from kubelite.pytest_plugin.dispatch import LOOP_SCOPES, SCOPES, Scope, fixture_name


def _cluster(scope: Scope, loop_scope: Any) -> Any:
    name = fixture_name(scope)

    async def cluster(request: pytest.FixtureRequest, kubelite_options: dict[str, Any]) -> AsyncIterator[Any]:
        from kubelite.pytest_plugin.clusters import run_cluster  # noqa: PLC0415 - it imports kubelite

        async with run_cluster(request, name, kubelite_options) as running:
            yield running

    return pytest_asyncio.fixture(scope=scope, loop_scope=loop_scope, name=f"_{name}_asyncio_{loop_scope}")(
        cluster
    )


def _namespace(loop_scope: Any) -> Any:
    async def namespace(request: pytest.FixtureRequest) -> AsyncIterator[str]:
        from kubelite.pytest_plugin.clusters import run_namespace  # noqa: PLC0415 - as above

        async with run_namespace(request) as name:
            yield name

    return pytest_asyncio.fixture(loop_scope=loop_scope, name=f"_kubelite_namespace_asyncio_{loop_scope}")(
        namespace
    )


for _loop_scope in LOOP_SCOPES:
    globals()[f"_namespace_{_loop_scope}"] = _namespace(_loop_scope)
    for _scope in SCOPES:
        if LOOP_SCOPES.index(_loop_scope) >= LOOP_SCOPES.index(_scope):
            globals()[f"_cluster_{_scope}_{_loop_scope}"] = _cluster(_scope, _loop_scope)
