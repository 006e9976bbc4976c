"""`kubelite.start()`: the same cluster on a thread of its own, for code that blocks.

The methods are those of `Cluster`, not awaited; they can be called from any thread.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal

from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object
from kubelite.client.wait import WaitTimeout
from kubelite.cluster.cluster import Cluster
from kubelite.cluster.manifest import Manifest
from kubelite.cluster.objects import InNamespace
from kubelite.runtime import VirtualClock

if TYPE_CHECKING:
    from kubelite.client.faults import Faults
    from kubelite.cluster.access import ExecResult
    from kubelite.cluster.metrics import Metrics
    from kubelite.cluster.views import KindView
    from kubelite.cluster.why import Why
    from kubelite.images.registry import ImageRegistry
    from kubelite.runtime import Clock
    from kubelite.scheduler.explain import Explanation

T = TypeVar("T")


class BlockingClock:
    """The clock of a cluster on another thread; its methods are not awaited."""

    def __init__(self, cluster: BlockingCluster, clock: Clock) -> None:
        self._cluster = cluster
        self._clock = clock

    def __repr__(self) -> str:
        return f"<BlockingClock of {self._clock!r}>"

    def now(self) -> float:
        """Unix seconds by this clock."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Seconds since the clock began."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits so long."""
        self._cluster.call(partial(self._clock.sleep, seconds))

    def advance(self, seconds: float) -> None:
        """See `VirtualClock.advance`."""
        self._cluster.call(partial(self._clock.advance, seconds))

    def settle(self) -> None:
        """See `VirtualClock.settle`."""
        self._cluster.call(self._clock.settle)

    def freeze(self) -> None:
        """See `VirtualClock.freeze`."""
        self._cluster.run(self._clock.freeze)

    def unfreeze(self) -> None:
        """See `VirtualClock.unfreeze`."""
        self._cluster.run(self._clock.unfreeze)


class BlockingCluster:
    """A running cluster on another thread, made by `kubelite.start`; `stop` it, or use it in `with`."""

    def __init__(self, portal: BlockingPortal, cluster: Cluster, closing: ExitStack) -> None:
        self._portal = portal
        self._cluster = cluster
        self._closing = closing
        self._is_stopped = False
        self._thread = portal.call(threading.get_ident)

    @classmethod
    def connect(cls, kubeconfig: Path | str | None = None, *, context: str = "") -> BlockingCluster:
        """A cluster that runs anywhere, for code that blocks; see `Cluster.connect`.

        Raises:
            OSError: The kubeconfig cannot be read.
            ValueError: It is none, or lacks the context.
            APIError: The API server cannot be reached, or refuses.
        """
        remote = Cluster.connect(kubeconfig, context=context)
        connected = enter(remote, cls)
        return connected.in_namespace(remote.namespace) if remote.namespace != "default" else connected

    def in_namespace(self, namespace: str) -> Self:
        """See `Cluster.in_namespace`."""
        return cast("Self", InNamespace(self, namespace))

    def __repr__(self) -> str:
        return f"<BlockingCluster of {self._cluster!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """Runs `await function()` on the cluster's loop and waits for the result.

        Virtual time passes only while something is called, or was submitted and is not done.
        """
        __tracebackhide__ = True
        self._check_callable()
        try:
            return self._portal.call(self._timed(function))
        except CancelledError:
            if not self._is_stopped:
                raise
            raise RuntimeError("the cluster was stopped meanwhile") from None
        except (APIError, WaitTimeout) as error:
            told = error
        # Where they were raised, on the cluster's thread, tells nothing: their text says all.
        raise told.with_traceback(None)

    def submit(self, function: Callable[[], Awaitable[T]]) -> Future[T]:
        """Begins `await function()` on the cluster's loop; cancelling the future cancels it."""
        self._check_stopped()
        return self._portal.start_task_soon(self._timed(function))

    def _check_stopped(self) -> None:
        if self._is_stopped:
            raise RuntimeError(f"{self!r} does not run any more")

    def _check_callable(self) -> None:
        self._check_stopped()
        if threading.get_ident() == self._thread:
            raise RuntimeError(
                "this is the cluster's own thread, which a blocking call would stop: "
                "await the same method of `.cluster` here"
            )

    def _timed(self, function: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
        clock = self._cluster.clock
        if not isinstance(clock, VirtualClock):
            return function

        async def call() -> T:
            clock.release()
            try:
                return await function()
            finally:
                clock.hold()

        return call

    @property
    def cluster(self) -> Cluster:
        """The cluster itself, for code that `call` and `submit` run."""
        return self._cluster

    def stop(self) -> None:
        """Stops the cluster and its thread; nothing happens the second time.

        Calls that other threads still wait for end with a RuntimeError.
        """
        self._is_stopped = True
        self._closing.close()

    @property
    def url(self) -> str:
        """The API server's URL; under virtual time it answers while time stands."""
        return self._outside()[0]

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig file; under virtual time it is of use while time stands, between calls."""
        return self._outside()[1]

    def _outside(self) -> tuple[str, Path]:
        cluster = self._cluster
        if threading.get_ident() == self._thread or not isinstance(cluster.clock, VirtualClock):
            return cluster.url, cluster.kubeconfig
        return self._portal.call(cluster.open_outside)  # not `call`: no time passes

    @property
    def images(self) -> ImageRegistry:
        """The images that nodes can pull."""
        return self._cluster.images

    @property
    def metrics(self) -> Metrics:
        """What HorizontalPodAutoscalers are told; callables run on the cluster's thread."""
        return self._cluster.metrics

    @property
    def faults(self) -> Faults:
        """See `Cluster.faults`."""
        from kubelite.client.faults import Faults  # noqa: PLC0415 - few clusters need it

        return Faults(self._cluster.fault_engine, self.run)

    @property
    def seed(self) -> int:
        """The seed of this run."""
        return self._cluster.seed

    @property
    def clock(self) -> BlockingClock:
        """The cluster's clock, for any thread."""
        return BlockingClock(self, self._cluster.clock)

    @property
    def dns_address(self) -> tuple[str, int]:
        """See `Cluster.dns_address`."""

        async def address() -> tuple[str, int]:
            return self._cluster.dns_address

        return self.call(address)

    @property
    def audit(self) -> list[Object]:
        """The events of the audit log so far, oldest first."""

        async def events() -> list[Object]:
            return self._cluster.audit.events

        return self.call(events)

    def statistics(self) -> dict[str, Any]:
        """See `Cluster.statistics`."""

        async def statistics() -> dict[str, Any]:
            return self._cluster.statistics()

        return self.call(statistics)

    def apply(self, manifest: Manifest, *, namespace: str = "default") -> list[Object]:
        """See `Cluster.apply`."""
        return self.call(partial(self._cluster.apply, manifest, namespace=namespace))

    def get(
        self,
        kind: str,
        name: str | None = None,
        *,
        namespace: str | None = "default",
        selector: str | Mapping[str, str] | None = None,
    ) -> Any:
        """See `Cluster.get`."""
        return self.call(partial(self._cluster.get, kind, name, namespace=namespace, selector=selector))

    def delete(self, kind: str, name: str | None = None, **options: Any) -> None:
        """See `Cluster.delete`."""
        return self.call(partial(self._cluster.delete, kind, name, **options))

    def scale(self, what: str, replicas: int, *, namespace: str = "default") -> None:
        """See `Cluster.scale`."""
        return self.call(partial(self._cluster.scale, what, replicas, namespace=namespace))

    def explain_scheduling(self, pod: str, *, namespace: str = "default") -> Explanation:
        """See `Cluster.explain_scheduling`."""
        return self.call(partial(self._cluster.explain_scheduling, pod, namespace=namespace))

    def why(self, what: str | Object, *, namespace: str = "default") -> Why:
        """See `Cluster.why`."""
        return self.run(partial(self._cluster.why, what, namespace=namespace))

    def last_changes(self, count: int = 20) -> list[str]:
        """See `Cluster.last_changes`."""
        return self.run(partial(self._cluster.last_changes, count))

    def wait_for(self, what: str, condition: str | Callable[[Object], Any] = "ready", **options: Any) -> Any:
        """See `Cluster.wait_for`."""
        __tracebackhide__ = True
        return self.call(partial(self._cluster.wait_for, what, condition, **options))

    def view(self, kind: str, *, namespace: str | None = "default", selector: str = "") -> KindView:
        """See `Cluster.view`; it can be looked at from any thread."""
        look = partial(self._cluster.view, kind, namespace=namespace, selector=selector, hop=self.run)
        return self.run(look)

    def run(self, function: Callable[[], T]) -> T:
        """Calls a function on the cluster's thread, which may be this one, and waits for its result."""
        if threading.get_ident() == self._thread:
            return function()

        async def call() -> T:
            return function()

        return self.call(call)

    def logs(self, pod: str, **options: Any) -> str:
        """See `Cluster.logs`."""
        return self.call(partial(self._cluster.logs, pod, **options))

    def exec(self, pod: str, argv: Sequence[str] | str, **options: Any) -> ExecResult:
        """See `Cluster.exec`."""
        return self.call(partial(self._cluster.exec, pod, argv, **options))

    def http(
        self,
        url: str,
        *,
        method: str = "GET",
        pod: str | None = None,
        namespace: str = "default",
        **options: Any,
    ) -> tuple[int, str]:
        """One request in the cluster's network (or that of a pod): status and text of the answer."""

        async def request() -> tuple[int, str]:
            async with (
                self._cluster.http(pod, namespace=namespace) as session,
                session.request(method, url, **options) as answer,
            ):
                return answer.status, await answer.text()

        return self.call(request)

    def resolve(self, name: str, *, pod: str | None = None, namespace: str = "default") -> list[str]:
        """See `Cluster.resolve`."""
        return self.call(partial(self._cluster.resolve, name, pod=pod, namespace=namespace))

    def fail_node(self, name: str) -> None:
        """See `Cluster.fail_node`."""
        return self.call(partial(self._cluster.fail_node, name))

    def recover_node(self, name: str) -> None:
        """See `Cluster.recover_node`."""
        return self.call(partial(self._cluster.recover_node, name))


@asynccontextmanager
async def _running(cluster: Cluster) -> AsyncIterator[None]:
    """The cluster, whose virtual time stands from the moment it has started."""
    clock = cluster.clock
    async with cluster:
        if not isinstance(clock, VirtualClock):
            yield
            return
        clock.hold()
        try:
            yield
        finally:
            clock.release()


def start(nodes: int = 1, **options: Any) -> BlockingCluster:
    """Starts a cluster on a thread of its own; the arguments are those of `Cluster`.

    Raises:
        TypeError: An option is unknown.
        OSError: The API server's address cannot be had.
    """
    return enter(Cluster(nodes, **options), BlockingCluster)


def enter(cluster: Any, kind: type[BlockingCluster]) -> BlockingCluster:
    """Starts a cluster, or connects to one, on a thread of its own."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal("asyncio"))
        stack.callback(lambda: portal.call(portal.stop, True))  # what still waits would hold it up
        stack.enter_context(portal.wrap_async_context_manager(_running(cluster)))
        return kind(portal, cluster, stack.pop_all())
