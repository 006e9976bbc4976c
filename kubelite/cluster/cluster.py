"""`Cluster`: a whole Kubernetes cluster as an async context manager."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kubelite.api.resources import ENDPOINTSLICES
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.cluster import served
from kubelite.cluster.access import FabricDialer
from kubelite.cluster.components import Components
from kubelite.cluster.config import ClusterConfig, make_config
from kubelite.cluster.dnsservice import make_dns_service
from kubelite.cluster.frontdoor import FrontDoor, make_certificates
from kubelite.cluster.machines import ClusterMachines
from kubelite.cluster.reachable import until_reachable
from kubelite.cluster.waiting import Question, wait_for
from kubelite.images.builtin import make_registry, publish_stand_in
from kubelite.master.apiserver import decoding
from kubelite.master.audit import AuditLog
from kubelite.network import AddressBlock, looppatch
from kubelite.runtime import Clock, Randomness, System, SystemClock, VirtualClock, tasks

if TYPE_CHECKING:
    from kubelite.client.faults import Faults
    from kubelite.client.inprocess import InProcessClient
    from kubelite.cluster.metrics import Metrics
    from kubelite.cluster.remote import RemoteCluster
    from kubelite.images.registry import ImageRegistry
    from kubelite.master.apiserver.faults import FaultEngine

READY_TIMEOUT_S = 30.0


class Cluster(ClusterMachines):
    """A control plane, nodes and DNS in this process.

    Use it as `async with Cluster(nodes=3) as cluster`, or call `start` and `stop`.

    Args:
        nodes: How many nodes, named `node-1` and so on.
        seed: Of all random choices but keys and tokens; None takes one by chance, told by `seed`.
        clock: None is the system's time; a `VirtualClock` jumps.
        expose: Whether pods and Services can be reached from other processes, too.
        images: Images besides the built-in ones.
        kubeconfig: Where the kubeconfig is written; None makes a temporary file when it is asked for.
        options: Periods and bounds, see `ClusterConfig`.

    Raises:
        TypeError: An option is unknown, or the clock is none.
        ValueError: An option has an impossible value.
    """

    def __init__(
        self,
        nodes: int = 1,
        *,
        seed: int | None = None,
        clock: Clock | None = None,
        expose: bool = False,
        images: Mapping[str, Any] | None = None,
        kubeconfig: Path | str | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(nodes, int) or nodes < 0:
            raise ValueError(f"a cluster has 0 nodes or more, not {nodes!r}")
        if seed is not None and not isinstance(seed, int):
            raise ValueError(f"a seed is a whole number, not {seed!r}")
        if clock is not None and not isinstance(clock, Clock):
            raise TypeError(f"a clock is one of kubelite.testing, as VirtualClock(), not {clock!r}")
        if expose and isinstance(clock, VirtualClock):
            raise ValueError("under a VirtualClock nothing listens on sockets: expose=True needs real time")
        self.config: ClusterConfig = make_config(options)
        self.audit = AuditLog(
            self.config.audit_level, self.config.audit_requests_max, self.config.audit_rules
        )
        self.clock: Clock = clock or SystemClock()
        self.images: ImageRegistry = make_registry()
        if self.config.any_image:
            publish_stand_in(self.images)
        for name, program in (images or {}).items():
            self.images[name] = program
        self._metrics: Metrics | None = None
        self._faults: FaultEngine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._node_names = [f"node-{number}" for number in range(1, nodes + 1)]
        self._expose = expose
        self._random = Randomness(seed)
        self._kubeconfig = None if kubeconfig is None else Path(kubeconfig)
        self._system: System | None = None
        self._components: Components | None = None
        self._door: FrontDoor | None = None
        self._body: asyncio.Task[Any] | None = None
        self._waits: set[asyncio.Timeout] = set()
        self._failure: BaseException | None = None
        self._patch: looppatch.LoopPatch | None = None
        self.abandoned = 0

    def __repr__(self) -> str:
        url = self._door.url if self._door is not None else ""
        state = "running" if url else "stopped"
        return f"<Cluster {self.config.name} {state}, {len(self._node_names)} nodes {url}>".replace(" >", ">")

    @staticmethod
    def connect(kubeconfig: Path | str | None = None, *, context: str = "") -> RemoteCluster:
        """A cluster that runs anywhere, with the same methods; use it in `async with`.

        Args:
            kubeconfig: Its file; None takes what kubectl would: `$KUBECONFIG`, or `~/.kube/config`; without
                either, in a pod, its service account's.
            context: Of the kubeconfig; empty for its current one.

        Raises:
            OSError: The kubeconfig cannot be read.
            ValueError: It is none, or lacks the context.
        """
        from kubelite.cluster.remote import RemoteCluster  # noqa: PLC0415 - few need it

        return RemoteCluster(kubeconfig, context=context)

    # -- life

    async def __aenter__(self) -> Self:
        await self.start()
        self._body = asyncio.current_task()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._body = None
        await self.stop()
        if self._failure is not None:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None:
                task.uncancel()
            raise self._failure

    async def start(self) -> None:
        """Starts the cluster; returns when all nodes are ready.

        Raises:
            RuntimeError: It runs already.
            OSError: The API server's address cannot be had.
        """
        if self._system is not None:
            raise RuntimeError("the cluster runs already")
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        config, virtual = self.config, isinstance(self.clock, VirtualClock)
        block = AddressBlock.claim(config.prefix, virtual=virtual)
        certificates = make_certificates(config.host, block) if config.secure else None
        root_ca = certificates.authority.certificate_pem.decode() if certificates else ""
        system = System(clock=self.clock, seed=self._random.seed, name=config.name)
        components = Components.make(
            config,
            clock=self.clock,
            random=system.random,
            images=self.images,
            virtual=virtual,
            expose=self._expose,
            block=block,
            root_ca=root_ca,
            authority=certificates.authority if certificates is not None else None,
            metrics=lambda: self.metrics,
        )
        self._system, self._components = system, components
        system.on_failure = self._failed
        await system.start(components.apiserver_spec())
        components.connect(system.ref("apiserver"))
        self._door = FrontDoor(components, certificates, system, self.audit, self._kubeconfig)
        await self._door.open()
        self._patch = looppatch.install(asyncio.get_running_loop())
        if virtual:
            self._patch.add_outside(components.network)
        await make_dns_service(components)
        await system.add(*components.master_specs())
        for name in self._node_names:
            await system.add(components.node_spec(name))
        for name in self._node_names:
            await self.wait_for(f"node/{name}", "ready", timeout=READY_TIMEOUT_S)
        if config.system_pods and self._node_names:
            await self._show_control_plane()
        self._loop = asyncio.get_running_loop()
        if self._metrics is not None and self._metrics.is_known:
            self._serve_metrics()

    async def _show_control_plane(self) -> None:
        from kubelite.cluster import systempods  # noqa: PLC0415 - few clusters show it

        assert self._components is not None
        name = self._node_names[0]
        for pod in await systempods.make_system_pods(self._components, name):
            await self.wait_for(
                f"pod/{pod}", "ready", namespace=systempods.NAMESPACE, timeout=READY_TIMEOUT_S
            )

    async def open_outside(self) -> tuple[str, Path]:
        """The API server's URL and a kubeconfig for clients on other threads.

        Under a `VirtualClock` nothing listens for them until this is called; they are served while time
        stands, as between the calls of a blocking cluster.
        """
        self._running  # noqa: B018 - or it says why not
        assert self._door is not None
        return await self._door.open_outside()

    async def stop(self) -> None:
        """Stops the cluster and leaves nothing behind; nothing happens if it does not run.

        Whoever is cancelled meanwhile is so when it has stopped.
        """
        await tasks.finish(self._stop(), name=f"{self.config.name} stop")

    async def _stop(self) -> None:
        self._loop = None
        waits, self._waits = self._waits, set()
        for scope in waits:  # nothing would come of them
            scope.reschedule(0)
        door, self._door = self._door, None
        if door is not None:
            await door.close()
        system, self._system = self._system, None
        if system is not None:
            await system.stop()
        if door is not None:
            await door.clear()
        faults, self._faults = self._faults, None
        if faults is not None:
            faults.close()
        components, self._components = self._components, None
        if components is not None:
            components.close()
            self.abandoned = sum(each.runtime.abandoned for each in components.machines.values())
            for machine in components.machines.values():
                await machine.runtime.close()
            components.block.release()
        if self._patch is not None:
            if components is not None:
                self._patch.remove_outside(components.network)
            looppatch.uninstall(asyncio.get_running_loop())
            self._patch = None

    def _failed(self, error: BaseException) -> None:
        """The host task has died: the body of `async with` must not go on."""
        self._failure = error
        if self._body is not None:
            self._body.cancel()

    async def run_until(self, stopped: asyncio.Event) -> None:
        """Waits for an event, or for the cluster's own failure.

        Raises:
            BaseException: What the cluster died of.
        """
        assert self._system is not None
        waiting = asyncio.ensure_future(stopped.wait())
        failing = asyncio.ensure_future(self._system.failed())
        try:
            await asyncio.wait({waiting, failing}, return_when=asyncio.FIRST_COMPLETED)
            if failing.done() and (error := failing.result()) is not None:
                raise error
        finally:
            waiting.cancel()
            failing.cancel()

    # -- what it is

    @property
    def _running(self) -> Components:
        if self._components is None or self._system is None:
            raise RuntimeError(
                "the cluster does not run: use `async with`, or call `await cluster.start()` first"
            )
        self._system.check_loop()
        return self._components

    @property
    def _actors(self) -> System:
        self._running  # noqa: B018 - or it says why not
        assert self._system is not None
        return self._system

    def _itself(self) -> Cluster:
        return self

    def _dialer(self) -> FabricDialer:
        self._running  # noqa: B018 - or it says why not
        assert self._door is not None
        return self._door.dialer

    @property
    def client(self) -> InProcessClient:
        """The in-process client, with all rights."""
        client = self._running.client
        assert client is not None
        return client

    @property
    def metrics(self) -> Metrics:
        """What HorizontalPodAutoscalers are told: nothing, until it is said here."""
        if self._metrics is None:
            from kubelite.cluster.metrics import Metrics  # noqa: PLC0415 - few clusters need it

            self._metrics = Metrics(self.clock.now)
            self._metrics.on_change = self._metrics_changed
        return self._metrics

    def _metrics_changed(self) -> None:
        """Serve metrics.k8s.io, or no longer; may be called from any thread."""
        loop = self._loop
        if loop is None:
            return
        try:
            here = asyncio.get_running_loop() is loop
        except RuntimeError:
            here = False
        if here:
            self._serve_metrics()
        else:
            asyncio.run_coroutine_threadsafe(self._serve_metrics_later(), loop).result()

    async def _serve_metrics_later(self) -> None:
        self._serve_metrics()

    def _serve_metrics(self) -> None:
        components = self._components
        if components is None or components.informers is None:
            return
        from kubelite.cluster.metricsapi import MetricsAPI  # noqa: PLC0415 - few clusters need it

        api = MetricsAPI(
            self.metrics, components.informers, components.scheme, components.computed, self.clock
        )
        api.update()

    @property
    def faults(self) -> Faults:
        """What is to go wrong with requests to the API server, and with its watches."""
        from kubelite.client.faults import Faults  # noqa: PLC0415 - few clusters need it

        return Faults(self.fault_engine)

    def fault_engine(self) -> FaultEngine:
        """Who carries the fault plans out.

        Raises:
            RuntimeError: The cluster does not run.
        """
        components = self._running
        if self._faults is None:
            from kubelite.master.apiserver.faults import FaultEngine  # noqa: PLC0415 - as above

            self._faults = FaultEngine(
                components.faults,
                components.store,
                clock=self.clock,
                random=components.random.fork("faults"),
                find=components.scheme.find,
            )
        return self._faults

    @property
    def seed(self) -> int:
        """The seed of this run."""
        return self._random.seed

    @property
    def url(self) -> str:
        """The API server's URL."""
        if self._door is None or not self._door.url:
            raise RuntimeError("the cluster does not run")
        return self._door.url

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig file, for kubectl and any other client."""
        if self._door is not None:
            return self._door.kubeconfig
        if self._kubeconfig is None:
            raise RuntimeError("the cluster does not run")
        return self._kubeconfig

    @property
    def dns_address(self) -> tuple[str, int]:
        """Address and port of cluster DNS for clients outside (UDP and TCP); port 0 in virtual time."""
        return self._running.block.master, self._running.dns_port

    # -- objects

    async def _kinds(self) -> Sequence[Resource]:
        return tuple(self._running.scheme.resources())

    async def _find(self, kind: str) -> Resource | None:
        found: Resource | None = self._running.scheme.find(kind)
        return found

    async def _find_kind(self, api_version: str, kind: str) -> Resource | None:
        found: Resource | None = self._running.scheme.by_kind(api_version, kind)
        return found

    def _check(self, resource: Resource, obj: Object) -> None:
        # For its refusals: a null in a manifest means something.
        decoding.body(self._running.scheme.strategy(resource), obj, "Strict")

    async def _wait(self, question: Question) -> list[Object]:
        __tracebackhide__ = True
        informers = self._running.informers
        assert informers is not None
        also: tuple[Resource, ...] = ()
        if served.is_about_services(question):
            question, also = (
                served.asks_for_endpoints(question, served.slices_in(informers)),
                (ENDPOINTSLICES,),
            )
        try:
            async with asyncio.timeout(None) as scope:
                self._waits.add(scope)
                found = await wait_for(informers, self.clock, question, self._in_vain, also=also)
                if question.condition == "ready":
                    await until_reachable(self._running, self.clock, found)
                return found
        except TimeoutError:
            if not scope.expired():
                raise
            raise RuntimeError(f"the cluster stopped while {question.subject} was waited for") from None
        finally:
            self._waits.discard(scope)

    def _image_names(self) -> Sequence[str]:
        return tuple(self.images)
