"""What kind of cluster a test wants: the command line, markers, and the fixture `kubelite_options`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

if TYPE_CHECKING:
    import asyncio  # which costs more than all of the plugin

TARGET_KUBELITE: Final = "kubelite"
TARGET_KUBECONFIG: Final = "kubeconfig:"


class Settings(NamedTuple):
    """What a cluster is made with.

    Attributes:
        fixture: The name of the fixture that makes it.
        nodes: None if nobody cares.
        nodes_needed: How many a marker asks for; 0 if none does.
        virtual_time_needed: Whether a marker asks for virtual time, not only the command line.
        options: The other arguments of `kubelite.Cluster`.
        context: Of the kubeconfig; None for a cluster in this process.
        slug: The test's name, as part of a namespace's.
    """

    fixture: str
    nodes: int | None
    nodes_needed: int
    seed: int | None
    virtual_time: bool
    virtual_time_needed: bool
    options: Mapping[str, Any]
    context: str | None
    slug: str


class Live(NamedTuple):
    """A cluster that runs.

    Attributes:
        cluster: The handle that tests are given.
        loop: Its event loop; None if it is on a thread of its own.
    """

    settings: Settings
    cluster: Any
    loop: asyncio.AbstractEventLoop | None


LIVE: Final = pytest.StashKey[dict[str, Live]]()
"""The clusters that run, by the names of their fixtures."""


def check_target(config: pytest.Config) -> None:
    """Refuses a command line that cannot work.

    Raises:
        pytest.UsageError: The target is unknown, or cannot do what else is asked for.
    """
    target = config.getoption("kubelite_target")
    if target != TARGET_KUBELITE and not target.startswith(TARGET_KUBECONFIG):
        raise pytest.UsageError(
            f"--kubelite-target is {TARGET_KUBELITE} or {TARGET_KUBECONFIG}CONTEXT, not {target!r}"
        )
    if target != TARGET_KUBELITE and config.getoption("kubelite_virtual_time"):
        raise pytest.UsageError(
            "--kubelite-virtual-time needs --kubelite-target=kubelite: nobody can move a real cluster's time"
        )
    if target != TARGET_KUBELITE:
        _check_context(target.removeprefix(TARGET_KUBECONFIG))
    nodes = config.getoption("kubelite_nodes")
    if nodes is not None and nodes < 0:
        raise pytest.UsageError(f"--kubelite-nodes is 0 or more, not {nodes}")


def _check_context(context: str) -> None:
    """Refuses a context that no kubeconfig has; its cluster is not asked."""
    from kubelite.client.incluster import in_cluster  # noqa: PLC0415 - it imports kubelite
    from kubelite.client.kubeconfig import default_paths, minified  # noqa: PLC0415 - as above

    paths = default_paths()
    if not any(each.exists() for each in paths) and in_cluster() is not None:
        return
    try:
        minified(paths, context)
    except (OSError, ValueError) as error:
        raise pytest.UsageError(
            f"--kubelite-target={TARGET_KUBECONFIG}{context}: {error} (KUBECONFIG, or ~/.kube/config)"
        ) from None


def settings_of(request: pytest.FixtureRequest, fixture: str, options: Mapping[str, Any]) -> Settings:
    """What the cluster of a fixture is made with: markers before `kubelite_options` before the command line.

    Fails the test if a marker has arguments without names.
    """
    config = request.config
    marked: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("kubelite"))):
        if marker.args:
            pytest.fail("the marker kubelite takes named arguments only, as kubelite(nodes=3)", pytrace=False)
        marked.update(marker.kwargs)
    wanted = {**options, **marked}
    needed = wanted.pop("nodes", None)
    seed = wanted.pop("seed", None)
    jumps = wanted.pop("virtual_time", None)
    target = config.getoption("kubelite_target")
    return Settings(
        fixture=fixture,
        nodes=needed if needed is not None else config.getoption("kubelite_nodes"),
        nodes_needed=needed or 0,
        seed=seed if seed is not None else config.getoption("kubelite_seed"),
        virtual_time=config.getoption("kubelite_virtual_time") if jumps is None else bool(jumps),
        virtual_time_needed=bool(jumps),
        options=wanted,
        context=None if target == TARGET_KUBELITE else target.removeprefix(TARGET_KUBECONFIG),
        slug=slug(request.node.name or "session"),
    )


def slug(name: str, length: int = 40) -> str:
    """A test's name as a part of a DNS label."""
    words = "".join(char if char.isascii() and char.isalnum() else "-" for char in name.lower())
    return "-".join(filter(None, words.split("-")))[:length].strip("-") or "test"
