"""`Cluster`: a whole Kubernetes cluster as an async context manager."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kubelite.api.resources import ENDPOINTS, NODES, PODS, SERVICES
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.kubeconfig import Connection, Credentials, make_kubeconfig, write_kubeconfig
from kubelite.client.requests import ADMIN
from kubelite.cluster import access
from kubelite.cluster.components import API_PORT, DNS_PORT, Components
from kubelite.cluster.config import ClusterConfig, make_config
from kubelite.cluster.objects import ClusterObjects, unknown_kind
from kubelite.cluster.reachable import until_reachable
from kubelite.cluster.scratch import ScratchFolder
from kubelite.cluster.waiting import Question, wait_for
from kubelite.images.builtin import make_registry
from kubelite.master.apiserver import decoding
from kubelite.master.audit import AuditLog
from kubelite.master.rest.limits import RESTLimits
from kubelite.master.rest.server import RESTServer
from kubelite.master.store.entry import make_key
from kubelite.network import AddressBlock, NetworkNamespace, client_session, looppatch
from kubelite.network.fabric import serve_tls
from kubelite.runtime import Clock, Randomness, System, SystemClock, VirtualClock

if TYPE_CHECKING:
    import aiohttp

    from kubelite.client.faults import Faults
    from kubelite.client.inprocess import InProcessClient
    from kubelite.cluster.metrics import Metrics
    from kubelite.cluster.remote import RemoteCluster
    from kubelite.cluster.views import KindView
    from kubelite.cluster.why import Why
    from kubelite.images.registry import ImageRegistry
    from kubelite.master.apiserver.faults import FaultEngine
    from kubelite.master.auth.certificates import ClusterCertificates
    from kubelite.scheduler.explain import Explanation

READY_TIMEOUT_S = 30.0
CAUSES_SHOWN_MAX = 8


class Cluster(ClusterObjects):
    """A control plane, nodes and DNS in this process.

    Use it as `async with Cluster(nodes=3) as cluster`, or call `start` and `stop`.

    Args:
        nodes: How many nodes, named `node-1` and so on.
        seed: Of all random choices but keys and tokens; None takes one by chance, told by `seed`.
        clock: None is the system's time; a `VirtualClock` jumps.
        expose: Whether pods and Services can be reached from other processes, too.
        images: Images besides the built-in ones.
        kubeconfig: Where the kubeconfig is written; None makes a temporary file.
        options: Periods and bounds, see `ClusterConfig`.

    Raises:
        TypeError: An option is unknown.
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
        if expose and isinstance(clock, VirtualClock):
            raise ValueError("under a VirtualClock nothing listens on sockets: expose=True needs real time")
        self.config: ClusterConfig = make_config(options)
        self.audit = AuditLog(
            self.config.audit_level, self.config.audit_requests_max, self.config.audit_rules
        )
        self.clock: Clock = clock or SystemClock()
        self.images: ImageRegistry = make_registry()
        for name, program in (images or {}).items():
            self.images[name] = program
        self._metrics: Metrics | None = None
        self._faults: FaultEngine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._node_names = [f"node-{number}" for number in range(1, nodes + 1)]
        self._expose = expose
        self._random = Randomness(seed)
        self._kubeconfig = None if kubeconfig is None else Path(kubeconfig)
        self._temporary: ScratchFolder | None = None
        self._system: System | None = None
        self._components: Components | None = None
        self._rest: RESTServer | None = None
        self._dialer: access.FabricDialer | None = None
        self._sessions: list[aiohttp.ClientSession] = []
        self._body: asyncio.Task[Any] | None = None
        self._failure: BaseException | None = None
        self._patch: looppatch.LoopPatch | None = None
        self._url = ""
        self._tls: ssl.SSLContext | None = None
        self._outside: tuple[str, Path] | None = None
        self.abandoned = 0

    def __repr__(self) -> str:
        state = "running" if self._url else "stopped"
        return f"<Cluster {self.config.name} {state}, {len(self._node_names)} nodes {self._url}>".replace(
            " >", ">"
        )

    @staticmethod
    def connect(kubeconfig: Path | str | None = None, *, context: str = "") -> RemoteCluster:
        """A cluster that runs anywhere, with the same methods; use it in `async with`.

        Args:
            kubeconfig: Its file; None takes what kubectl would: `$KUBECONFIG`, or `~/.kube/config`.
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
        certificates = self._make_certificates(block)
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
        await self._serve(components, certificates)
        self._patch = looppatch.install(asyncio.get_running_loop())
        if virtual:
            self._patch.add_outside(components.network)
        await self._make_dns_service(components)
        await system.add(*components.master_specs())
        for name in self._node_names:
            await system.add(components.node_spec(name))
        for name in self._node_names:
            await self.wait_for(f"node/{name}", "ready", timeout=READY_TIMEOUT_S)
        self._loop = asyncio.get_running_loop()
        if self._metrics is not None and self._metrics.is_known:
            self._serve_metrics()

    def _make_certificates(self, block: AddressBlock) -> ClusterCertificates | None:
        if not self.config.secure:
            return None
        from kubelite.master.auth.certificates import make_cluster_certificates  # noqa: PLC0415 - cryptography is heavy

        return make_cluster_certificates([self.config.host, block.master, str(block.services[1])])

    async def _serve(self, components: Components, certificates: ClusterCertificates | None) -> None:
        """Opens the API server's REST door, and writes the kubeconfig."""
        assert self._system is not None
        config, block = self.config, components.block
        token = certificates.token if certificates else _new_token()
        components.authenticator.add_token(token, ADMIN)
        self._dialer = access.FabricDialer(components.network)
        self._rest = RESTServer(
            apiserver=self._system.ref("apiserver"),
            scheme=components.scheme,
            clock=self.clock,
            random=components.random.fork("rest"),
            authenticator=components.authenticator,
            dialer=self._dialer,
            limits=RESTLimits(
                reads_max=config.max_requests_inflight,
                writes_max=config.max_mutating_requests_inflight,
                request_timeout_s=config.request_timeout_s,
            ),
            audit=self.audit,
            faults=components.faults,
        )
        context: ssl.SSLContext | None = None
        if certificates is not None:
            from kubelite.master.auth.certificates import server_context  # noqa: PLC0415 - as above

            context = self._tls = server_context(certificates)
        factory = self._rest.protocol_factory()
        inside = serve_tls(factory, context) if context is not None else factory
        components.fabric.listen(block.master, API_PORT, inside)
        scheme = "https" if config.secure else "http"
        if components.virtual:
            self._url = f"{scheme}://{block.master}:{API_PORT}"
        else:
            self._url = await self._open_socket()
        credentials = Credentials(
            token,
            certificates.admin.certificate_pem if certificates else b"",
            certificates.admin.key_pem if certificates else b"",
        )
        if self._kubeconfig is None:
            self._temporary = ScratchFolder()
            self._kubeconfig = self._temporary.path / "kubeconfig"
        authority = components.root_ca.encode()
        write_kubeconfig(
            self._kubeconfig, make_kubeconfig(config.name, Connection(self._url, authority, credentials))
        )

    async def _open_socket(self) -> str:
        """Listens for clients outside; gives the URL."""
        assert self._rest is not None
        config = self.config
        port = await self._rest.serve_socket(config.host, config.port, self._tls)
        host = f"[{config.host}]" if ":" in config.host else config.host
        scheme = "https" if config.secure else "http"
        return f"{scheme}://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - compared

    async def open_outside(self) -> tuple[str, Path]:
        """The API server's URL and a kubeconfig for clients on other threads.

        Under a `VirtualClock` nothing listens for them until this is called; they are served while time
        stands, as between the calls of a blocking cluster.
        """
        if not self._running.virtual:
            return self.url, self.kubeconfig
        if self._outside is None:
            url = await self._open_socket()
            if self._temporary is None:
                self._temporary = ScratchFolder()
            path = self._temporary.path / "kubeconfig-outside"
            text = self.kubeconfig.read_text(encoding="utf-8").replace(self._url, url)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
            self._outside = url, path
        return self._outside

    @staticmethod
    async def _make_dns_service(components: Components) -> None:
        """The Service kube-system/kube-dns, whatever runs DNS."""
        client = components.client
        assert client is not None
        metadata = {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {
                "k8s-app": "kube-dns",
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
            },
        }
        ports = [
            {"name": "dns", "port": DNS_PORT, "protocol": "UDP", "targetPort": DNS_PORT},
            {"name": "dns-tcp", "port": DNS_PORT, "protocol": "TCP", "targetPort": DNS_PORT},
        ]
        spec = {"clusterIP": components.dns_address, "ports": ports}
        await client.create(
            SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        )
        subset = {
            "addresses": [{"ip": components.block.master}],
            "ports": [
                {"name": each["name"], "port": DNS_PORT, "protocol": each["protocol"]} for each in ports
            ],
        }
        endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset]}
        await client.create(ENDPOINTS, endpoints)

    async def stop(self) -> None:
        """Stops the cluster and leaves nothing behind; nothing happens if it does not run."""
        self._url, self._loop = "", None
        for session in self._sessions:
            await session.close()
        self._sessions.clear()
        rest, self._rest = self._rest, None
        if rest is not None:
            await rest.close()
        system, self._system = self._system, None
        if system is not None:
            await system.stop()
        if self._dialer is not None:
            await self._dialer.close()
            self._dialer = None
        faults, self._faults = self._faults, None
        if faults is not None:
            faults.close()
        components, self._components = self._components, None
        if components is not None:
            self.abandoned = sum(each.runtime.abandoned for each in components.machines.values())
            for machine in components.machines.values():
                await machine.runtime.close()
            components.block.release()
        if self._patch is not None:
            if components is not None:
                self._patch.remove_outside(components.network)
            looppatch.uninstall(asyncio.get_running_loop())
            self._patch = None
        self._tls = self._outside = None
        if self._temporary is not None:
            self._temporary.close()
            self._temporary, self._kubeconfig = None, None

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
        if not self._url:
            raise RuntimeError("the cluster does not run")
        return self._url

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig file, for kubectl and any other client."""
        if self._kubeconfig is None:
            raise RuntimeError("the cluster does not run")
        return self._kubeconfig

    @property
    def dns_address(self) -> tuple[str, int]:
        """Address and port of cluster DNS for clients outside (UDP and TCP); port 0 in virtual time."""
        return self._running.block.master, self._running.dns_port

    def statistics(self) -> dict[str, Any]:
        """What the actors and the wires have done so far."""
        components = self._running
        assert self._system is not None
        nodes = {name: machine.runtime.statistics() for name, machine in components.machines.items()}
        return {
            "actors": self._system.statistics(),
            "network": components.fabric.statistics(),
            "nodes": nodes,
        }

    # -- objects

    def resource(self, kind: str) -> Resource:
        """The kind that a name means, as kubectl takes it: `pods`, `po`, `Pod`, `crontabs.example.com`.

        Raises:
            ValueError: There is none.
        """
        resource = self._running.scheme.find(kind)
        if resource is None:
            raise ValueError(unknown_kind(kind, self._running.scheme.resources()))
        found: Resource = resource
        return found

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
        found = await wait_for(informers, self.clock, question, self._in_vain)
        if question.condition == "ready":
            await until_reachable(self._running, self.clock, found)
        return found

    def _causes(self, resource: Resource, namespace: str | None, name: str) -> Sequence[str]:
        from kubelite.cluster.why import why  # noqa: PLC0415 - only who waits in vain needs it

        log = self._running.log
        found = why(log, resource, make_key(namespace or "", name), is_recorded=log.is_kept)
        return [found.about, *found.lines(CAUSES_SHOWN_MAX)] if found.steps else ()

    def _image_names(self) -> Sequence[str]:
        return tuple(self.images)

    async def explain_scheduling(self, pod: str, *, namespace: str = "default") -> Explanation:
        """What every plugin of the scheduler says of a pod on every node; `print` shows it.

        Args:
            pod: `web-1`, or `pod/web-1`; one that waits, or that has its node already.
            namespace: The pod's.

        Raises:
            NotFound: There is no such pod.
        """
        from kubelite.scheduler.messages import Explain  # noqa: PLC0415 - seldom asked

        components = self._running
        assert self._system is not None
        assert components.informers is not None
        await components.informers.flush()
        request = Explain(namespace, pod.removeprefix("pod/"))
        return await request.ask(self._system.ref("scheduler"))

    def why(self, what: str | Object, *, namespace: str = "default") -> Why:
        """What led to the last change of an object, step by step: who wrote what, because of what.

        It is told of objects that are gone, too. Of a change as a watch shows it, an object with its
        version, the chain of just that change is told.

        Args:
            what: `pod/web-1`, or an object.
            namespace: Of the object, if a text names it.

        Raises:
            ValueError: There is no such kind, or no name is given.
        """
        from kubelite.cluster.why import why  # noqa: PLC0415 - seldom asked

        version = None
        if isinstance(what, str):
            kind, _, name = what.partition("/")
            resource = self.resource(kind)
        else:
            found = self._running.scheme.by_kind(what.get("apiVersion", ""), what.get("kind", ""))
            if found is None:
                raise ValueError(f"there is no kind {what.get('kind')!r} in {what.get('apiVersion')!r}")
            resource, name = found, what["metadata"]["name"]
            namespace = what["metadata"].get("namespace", namespace)
            version = int(what["metadata"].get("resourceVersion") or 0) or None
        if not name:
            raise ValueError(f"say which one: {resource.singular}/NAME")
        log = self._running.log
        key = make_key(namespace if resource.namespaced else "", name)
        return why(log, resource, key, version=version, is_recorded=log.is_kept)

    def last_changes(self, count: int = 20) -> list[str]:
        """The last writes of anybody, oldest first, a line each."""
        from kubelite.cluster.why import last_changes  # noqa: PLC0415 - seldom asked

        return last_changes(self._running.log, count)

    def view(
        self,
        kind: str,
        *,
        namespace: str | None = "default",
        selector: str = "",
        hop: Callable[[Callable[[], Any]], Any] | None = None,
    ) -> KindView:
        """The objects of a kind as a table, which is made when it is looked at: for prompts and notebooks.

        Args:
            kind: As kubectl takes it.
            namespace: None for all.
            selector: Labels.
            hop: Calls a function on the cluster's thread, for those who look from another one.

        Raises:
            ValueError: There is no such kind.
        """
        from kubelite.cluster import views  # noqa: PLC0415 - programs need none

        sight = views.Sight(self, self._running, hop or views.here)
        return views.KindView(sight, kind, namespace=namespace, selector=selector)

    # -- pods and nodes

    async def _network(self, pod: str | None, namespace: str) -> NetworkNamespace:
        """The network of a pod, or that of a client in a namespace."""
        if pod is not None:
            return access.pod_network(self._running, await self._pod(pod, namespace))
        network: NetworkNamespace = self._running.network
        return network if namespace == "default" else access.inside(network, namespace)

    async def _pod(self, pod: str, namespace: str) -> Object:
        return await self.client.get(PODS, pod.removeprefix("pod/"), namespace)

    @asynccontextmanager
    async def http(
        self, pod: str | None = None, *, namespace: str = "default"
    ) -> AsyncIterator[aiohttp.ClientSession]:
        """An aiohttp session in the cluster's network, or in that of a pod.

        Raises:
            NotFound: There is no such pod.
            BadRequest: The pod does not run.
        """
        network = await self._network(pod, namespace)
        async with client_session(network) as session:
            yield session

    async def resolve(self, name: str, *, pod: str | None = None, namespace: str = "default") -> list[str]:
        """The addresses of a name, as a pod sees it, or as a client in the namespace.

        Raises:
            OSError: The name does not resolve.
        """
        network = await self._network(pod, namespace)
        return await network.resolve(name)

    async def logs(
        self,
        pod: str,
        *,
        namespace: str = "default",
        container: str = "",
        previous: bool = False,
        tail: int | None = None,
    ) -> str:
        """The log of a container.

        Raises:
            NotFound: There is no such pod or container.
            BadRequest: There is no log, or several containers and none was named.
        """
        url = access.kubelet_url(self._running, await self._pod(pod, namespace), "containerLogs", container)
        assert self._dialer is not None
        return await access.read_logs(self._dialer.session(""), url, previous=previous, tail=tail)

    async def exec(
        self,
        pod: str,
        argv: Sequence[str] | str,
        *,
        namespace: str = "default",
        container: str = "",
        stdin: bytes = b"",
    ) -> access.ExecResult:
        """Runs a command in a container and waits for its end; a text is run by `sh -c`.

        Raises:
            NotFound: There is no such pod or container.
            BadRequest: The container does not run.
        """
        command = ["sh", "-c", argv] if isinstance(argv, str) else list(argv)
        url = access.kubelet_url(self._running, await self._pod(pod, namespace), "exec", container)
        assert self._dialer is not None
        return await access.run_command(self._dialer.session(""), url, command, stdin)

    def _machine(self, name: str) -> Any:
        machine = self._running.machines.get(name.removeprefix("node/"))
        if machine is None:
            raise ValueError(
                f"there is no node {name!r}; this cluster has {', '.join(self._running.machines)}"
            )
        return machine

    async def fail_node(self, name: str) -> None:
        """Cuts a node's power: kubelet, proxy and containers stop at once, open connections hang.

        Raises:
            ValueError: There is no such node.
        """
        self._machine(name).fail()
        self._note(name, "fail_node")

    async def recover_node(self, name: str) -> None:
        """Boots a node whose power was cut; its containers start by their restartPolicy.

        Raises:
            ValueError: There is no such node.
        """
        self._machine(name).boot()
        self._note(name, "recover_node")

    def _note(self, node: str, what: str) -> None:
        name = node.removeprefix("node/")
        self._running.log.act(f'{what}("{name}")', NODES, make_key("", name))


def _new_token() -> str:
    import secrets  # noqa: PLC0415 - only plain HTTP needs it here

    return secrets.token_urlsafe(32)
