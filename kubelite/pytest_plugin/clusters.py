"""Starting and stopping the clusters of tests, or connecting to a real one, and namespaces in them."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, cast

import pytest

from kubelite.cluster import Cluster
from kubelite.cluster.blocking import BlockingCluster, enter
from kubelite.cluster.remote import RemoteCluster, Unsupported
from kubelite.pytest_plugin.dispatch import NAMESPACE
from kubelite.pytest_plugin.settings import LIVE, Live, Settings, settings_of, slug
from kubelite.runtime import VirtualClock

DIGITS: Final = 3
"""Bytes of chance in the name of a namespace of a real cluster, which others use, too."""


@asynccontextmanager
async def run_cluster(
    request: pytest.FixtureRequest, fixture: str, options: dict[str, Any]
) -> AsyncIterator[Any]:
    """The cluster of an async fixture; reports know of it as long as it runs."""
    settings, live = settings_of(request, fixture, options), request.config.stash[LIVE]
    async with _open(settings) as cluster:
        live[fixture] = Live(settings, cluster, asyncio.get_running_loop())
        try:
            yield cluster
        finally:
            del live[fixture]


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Any]:
    if settings.context is None:
        async with _made(settings, virtual_time=settings.virtual_time) as cluster:
            yield cluster
        return
    _refuse_missing(settings)
    async with Cluster.connect(context=settings.context) as remote:
        _check_nodes(settings, await remote.count_nodes())
        async with temporary_namespace(remote, settings.slug) as name:
            yield remote.in_namespace(name)


@contextmanager
def open_blocking(settings: Settings) -> Iterator[Any]:
    """A cluster on a thread of its own, or a connection to a real one."""
    if settings.context is None:
        # The command line's wish is for tests whose clients are in the loop: others' time would stand.
        made = _made(settings, virtual_time=settings.virtual_time_needed)
        with enter(made, BlockingCluster) as cluster:
            yield cluster
        return
    _refuse_missing(settings)
    with BlockingCluster.connect(context=settings.context) as remote:
        _check_nodes(settings, remote.call(cast("RemoteCluster", remote.cluster).count_nodes))
        with blocking_namespace(remote, settings.slug) as name:
            yield remote.in_namespace(name)


def _made(settings: Settings, *, virtual_time: bool) -> Cluster:
    """A cluster; options that it refuses fail the test without a trace: it is the marker that is wrong."""
    try:
        return Cluster(**_arguments(settings, virtual_time=virtual_time))
    except (TypeError, ValueError) as error:
        wrong = str(error)
    pytest.fail(f"{wrong} (the marker kubelite, or the fixture kubelite_options)", pytrace=False)


def _arguments(settings: Settings, *, virtual_time: bool) -> dict[str, Any]:
    return {
        **settings.options,
        "nodes": 1 if settings.nodes is None else settings.nodes,
        "seed": settings.seed,
        "clock": VirtualClock() if virtual_time else settings.options.get("clock"),
    }


def _refuse_missing(settings: Settings) -> None:
    if settings.virtual_time:
        raise Unsupported("the test needs virtual time, and nobody can move a real cluster's")
    if settings.options:
        names = ", ".join(sorted(settings.options))
        raise Unsupported(f"the test needs a cluster made for it ({names}): a real one is as it is")


def _check_nodes(settings: Settings, count: int) -> None:
    if count < settings.nodes_needed:
        raise Unsupported(f"the test needs {settings.nodes_needed} nodes, the real cluster has {count}")


# --- namespaces ---------------------------------------------------------------------------------------------


def _manifest(cluster: Any, name: str, taken: list[dict[str, Any]]) -> dict[str, Any]:
    """A Namespace after a test's name; in a cluster that others use, too, with some chance in it."""
    while (inner := getattr(cluster, "_cluster", None)) is not None:
        cluster = inner
    wanted, names = slug(name), {each["metadata"]["name"] for each in taken}
    if isinstance(cluster, RemoteCluster):
        wanted = f"{wanted}-{secrets.token_hex(DIGITS)}"
    made, numbers = wanted, itertools.count(2)
    while made in names:
        made = f"{wanted}-{next(numbers)}"
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made}}


@asynccontextmanager
async def run_namespace(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A namespace for one test, in the cluster that its fixture has left."""
    fixture, cluster = request.node.stash[NAMESPACE]
    async with temporary_namespace(cluster, request.node.name, deleted=fixture != "kubelite_cluster") as name:
        yield name


@asynccontextmanager
async def temporary_namespace(cluster: Any, name: str, *, deleted: bool = True) -> AsyncIterator[str]:
    """A fresh namespace in which pods can be made at once; its deletion is not waited for."""
    manifest = _manifest(cluster, name, await cluster.get("namespaces"))
    made: str = manifest["metadata"]["name"]
    await cluster.apply(manifest)
    try:
        await cluster.wait_for("serviceaccount/default", "exists", namespace=made)
        yield made
    finally:
        if deleted:
            await cluster.delete("namespace", made)


@contextmanager
def blocking_namespace(cluster: Any, name: str) -> Iterator[str]:
    """The same in a cluster on a thread of its own."""
    manifest = _manifest(cluster, name, cluster.get("namespaces"))
    made: str = manifest["metadata"]["name"]
    cluster.apply(manifest)
    try:
        cluster.wait_for("serviceaccount/default", "exists", namespace=made)
        yield made
    finally:
        cluster.delete("namespace", made)
