"""The supervision tree of a cluster: which components there are, and what each is given.

    cluster
    ├── apiserver
    ├── informers                 shared by all that follow
    ├── events
    ├── controller-manager
    │   └── one actor per controller
    ├── scheduler
    ├── proxy, load balancers     beside the control plane
    ├── dns
    └── nodes
        └── NAME: kubelet, proxy

Components meet only through the API server; nothing here holds state of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from kubelite.api.scheme import new_scheme
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.events import EventRecorder
from kubelite.client.informer import InformerFactory
from kubelite.client.inprocess import InProcessClient
from kubelite.client.requests import SYSTEM_AUTHENTICATED, SYSTEM_MASTERS, UserInfo
from kubelite.cluster.config import ClusterConfig
from kubelite.controllers.registry import ControllersConfig, controller_specs
from kubelite.dns import ClusterResolver, DNSServer, Zone, refuse_outside, resolve_outside
from kubelite.master.apiserver.computed import Objects, computed_resources
from kubelite.master.apiserver.config import APIServerConfig
from kubelite.master.apiserver.faultpoint import FaultPoint
from kubelite.master.apiserver.server import APIServer
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.auth.jwt import TokenKey
from kubelite.master.auth.serviceaccounts import ServiceAccountTokens
from kubelite.master.store.memory import MemoryStore
from kubelite.master.writelog import WriteLog
from kubelite.network import (
    AddressBlock,
    Fabric,
    NetworkNamespace,
    OpenListener,
    OpenRelay,
    Translator,
    client_session,
)
from kubelite.network.exposure import Exposure
from kubelite.network.relay import open_relays
from kubelite.network.sockets import open_listeners, open_pipe_listener, open_socket_listener
from kubelite.node.config import KubeletConfig
from kubelite.node.kubelet import Kubelet
from kubelite.node.machine import Machine
from kubelite.proxy import EndpointReader, LoadBalancerProvider, Proxier
from kubelite.runtime import ChildSpec, Clock, Randomness, Ref, SupervisorSpec
from kubelite.scheduler import Scheduler

if TYPE_CHECKING:
    from kubelite.client.eventseries import SeriesRecorder
    from kubelite.cluster.metrics import Metrics
    from kubelite.images.registry import ImageRegistry
    from kubelite.master.auth.certificates import Authority

API_PORT: Final = 6443
DNS_PORT: Final = 53
DNS_SERVICE_INDEX: Final = 10
"""The tenth address of the Service range is cluster DNS', as kubeadm has it."""
RESTARTS_MAX: Final = 20


def component_user(name: str) -> UserInfo:
    """A component of the control plane, which may do everything."""
    agent = "kubelet" if name.startswith("node:") else name
    return UserInfo(f"system:{name}", (SYSTEM_MASTERS, SYSTEM_AUTHENTICATED), agent=agent)


@attrs.define(eq=False, repr=False)
class Components:
    """Everything a cluster is made of, before and while it runs.

    Attributes:
        dns_address: The cluster IP of cluster DNS.
        tokens: Issues the tokens of service accounts, and knows them again.
        authenticator: Knows whose credentials are shown to the API server.
        root_ca: The certificate of the cluster's authority (PEM); empty with plain HTTP.
        authority: Signs certificates; None with plain HTTP.
        network: The network of clients inside the cluster that are no pod.
        metrics: Gives what tells autoscalers of metrics.
        log: What was written, and why.
        faults: Where fault plans take hold of requests.
        machines: By node name; they survive their kubelets.
        computed: The resources that the API server does not store.
    """

    config: ClusterConfig
    clock: Clock
    random: Randomness
    images: ImageRegistry
    block: AddressBlock
    virtual: bool
    expose: bool
    root_ca: str
    authority: Authority | None
    store: MemoryStore
    fabric: Fabric
    zone: Zone
    resolver: ClusterResolver
    network: NetworkNamespace
    dns_address: str
    tokens: ServiceAccountTokens
    authenticator: Authenticator
    metrics: Callable[[], Metrics]
    log: WriteLog
    machines: dict[str, Machine] = attrs.field(factory=dict)
    dns_port: int = 0
    faults: FaultPoint = attrs.field(factory=FaultPoint)
    scheme: Any = None
    computed: dict[Resource, Objects] = attrs.field(factory=computed_resources)
    informers: InformerFactory | None = None
    client: InProcessClient | None = None
    endpoint_reader: EndpointReader = attrs.field(factory=EndpointReader)
    recorders: dict[str, EventRecorder] = attrs.field(factory=dict)
    scheduler_recorders: dict[str, SeriesRecorder] = attrs.field(factory=dict)

    @classmethod
    def make(
        cls,
        config: ClusterConfig,
        *,
        clock: Clock,
        random: Randomness,
        images: ImageRegistry,
        virtual: bool,
        expose: bool,
        block: AddressBlock,
        root_ca: str,
        authority: Authority | None,
        metrics: Callable[[], Metrics],
    ) -> Components:
        """Makes what the actors share."""
        fabric = Fabric(block, reaches_outside=not virtual)
        if expose and not virtual:
            Exposure(fabric)
        zone = Zone(config.domain)
        search = (f"default.svc.{config.domain}", f"svc.{config.domain}", config.domain)
        resolver = ClusterResolver(zone, search, refuse_outside if virtual else resolve_outside)
        network = NetworkNamespace(
            "cluster", block.master, fabric, resolver=resolver, translator=Translator(), search=search
        )
        store = MemoryStore()
        log = WriteLog(clock.now, config.causes_max)
        if log.is_kept:
            store.on_change = log.changed
        tokens = ServiceAccountTokens(TokenKey(), store, clock.now)
        return cls(
            config,
            clock,
            random,
            images,
            block,
            virtual,
            expose,
            root_ca,
            authority,
            store,
            fabric,
            zone,
            resolver,
            network,
            str(block.services[DNS_SERVICE_INDEX]),
            tokens,
            Authenticator(accounts=tokens),
            metrics,
            log,
            scheme=new_scheme(config.features),
        )

    def open_listener(self) -> OpenListener:
        """How components listen for clients outside."""
        return open_pipe_listener(self.fabric) if self.virtual else open_listeners(self.fabric)

    def open_relay(self) -> OpenRelay:
        """How components listen for datagrams of clients outside."""
        return open_relays(self.fabric, self.clock, has_sockets=not self.virtual)

    # -- the tree

    def apiserver_spec(self) -> ChildSpec:
        """The API server; everything else talks to it."""
        config = self.config
        first, last = config.node_ports
        settings = APIServerConfig(
            service_network=str(self.block.services),
            node_port_first=first,
            node_port_last=last,
            advertise_address=self.block.master,
            advertise_port=API_PORT,
            client_ca=self.root_ca,
            compaction_interval_s=config.compaction_interval_s,
            storage_class=config.storage_class,
        )
        return ChildSpec(
            "apiserver",
            lambda: APIServer(
                store=self.store,
                scheme=self.scheme,
                clock=self.clock,
                random=self.random.fork("apiserver"),
                config=settings,
                tokens=self.tokens,
                authenticator=self.authenticator,
                faults=self.faults,
                computed_resources=self.computed,
                log=self.log,
            ),
        )

    def connect(self, apiserver: Ref[Any]) -> None:
        """The API server can be addressed now: makes the components' clients."""
        self.client = InProcessClient(apiserver, component_user("cluster-admin")).as_agent("cluster")
        manager = self.client.as_user(component_user("kube-controller-manager"))
        self.informers = InformerFactory(manager.as_agent("shared-informers"))

    def recorder(self, component: str) -> EventRecorder:
        """The recorder of Events of one component."""
        found = self.recorders.get(component)
        if found is None:
            assert self.client is not None
            client = self.client.as_user(component_user(component))
            found = EventRecorder(client, component, self.clock)
            self.recorders[component] = found
        return found

    def scheduler_recorder(self, profile: str) -> SeriesRecorder:
        """The recorder of Events of one of the scheduler's profiles."""
        found = self.scheduler_recorders.get(profile)
        if found is None:
            from kubelite.client.eventseries import SeriesRecorder  # noqa: PLC0415 - not every cluster runs pods

            assert self.client is not None
            client = self.client.as_user(component_user("kube-scheduler"))
            found = self.scheduler_recorders[profile] = SeriesRecorder(client, profile, self.clock)
        return found

    def close(self) -> None:
        """Leave nothing that would still happen."""
        for recorder in self.scheduler_recorders.values():
            recorder.close()

    def erase_directory(self, node: str, path: str) -> None:
        """Remove a directory of a node, if there is one."""
        machine = self.machines.get(node)
        if machine is not None and machine.files.exists(path):
            machine.files.remove(path, recursive=True)

    def master_specs(self) -> tuple[ChildSpec | SupervisorSpec, ...]:
        """Informers, controllers, scheduler, the control plane's proxy, DNS."""
        assert self.informers is not None
        assert self.client is not None
        informers, client = self.informers, self.client
        config = self.config
        controllers = controller_specs(
            ControllersConfig(
                node_monitor_grace_s=config.node_monitor_grace_s,
                node_monitor_period_s=config.monitor_period_s,
                root_ca=self.root_ca,
                signer=self.authority,
                erase_directory=self.erase_directory,
                issue_token=self.tokens.issue_legacy,
                metrics=self.metrics,
                autoscaler_period_s=config.autoscaler_period_s,
                autoscaler_stabilization_s=config.autoscaler_stabilization_s,
                autoscaler_tolerance=config.autoscaler_tolerance,
                features=config.features,
            ),
            client=client.as_user(component_user("kube-controller-manager")).as_agent,
            informers=informers,
            clock=self.clock,
            random=self.random.fork("controllers"),
            recorder=self.recorder,
        )
        manager = SupervisorSpec("controller-manager", controllers, restarts_max=RESTARTS_MAX)
        scheduler = ChildSpec(
            "scheduler",
            lambda: Scheduler(
                client=client.as_user(component_user("kube-scheduler")),
                informers=informers,
                clock=self.clock,
                random=self.random.fork("scheduler"),
                recorder=self.scheduler_recorder,
                config=config.scheduler,
                session=lambda: client_session(attrs.evolve(self.network, shares_loopback=True)),
            ),
        )
        return (informers.spec(), manager, scheduler, *self._network_specs(informers, client))

    def _network_specs(self, informers: InformerFactory, client: InProcessClient) -> tuple[ChildSpec, ...]:
        translator = self.network.translator
        assert translator is not None
        real = None if self.virtual else (self.block.master, DNS_PORT if self.expose else 0)
        proxy = ChildSpec(
            "proxy",
            lambda: Proxier(
                node_name="",
                node_address=self.block.master,
                translator=translator,
                informers=informers,
                clock=self.clock,
                random=self.random.fork("proxy"),
                fabric=self.fabric,
                reader=self.endpoint_reader,
                open_services=open_socket_listener if self.expose else None,
            ),
        )
        balancer = ChildSpec(
            "service-loadbalancer",
            lambda: LoadBalancerProvider(
                client=client.as_user(component_user("cloud-controller-manager")),
                informers=informers,
                addresses=self.block.load_balancers,
                translator=translator,
                fabric=self.fabric,
                open_listener=self.open_listener(),
                open_relay=self.open_relay(),
            ),
        )
        dns = ChildSpec(
            "dns",
            lambda: DNSServer(
                zone=self.zone,
                informers=informers,
                fabric=self.fabric,
                address=self.block.master,
                real=real,
                outside=refuse_outside if self.virtual else resolve_outside,
                on_port=self._dns_opened,
            ),
        )
        return proxy, balancer, dns

    def _dns_opened(self, port: int) -> None:
        self.dns_port = port

    def node_spec(self, name: str) -> SupervisorSpec:
        """A node: its kubelet and its proxy. The machine under them is made once."""
        assert self.informers is not None
        assert self.client is not None
        informers, client = self.informers, self.client
        machine = self.machines.get(name) or self._make_machine(name)
        self.machines[name] = machine
        translator = machine.translator
        assert translator is not None
        random = self.random.fork(f"nodes/{name}")

        def make_kubelet() -> Kubelet:
            return Kubelet(
                name=name,
                client=client.as_user(component_user(f"node:{name}")),
                informers=informers,
                clock=self.clock,
                random=random.fork("kubelet"),
                fabric=self.fabric,
                images=self.images,
                address=machine.address,
                pod_addresses=machine.pod_addresses,
                recorder=self.recorder("kubelet"),
                machine=machine,
            )

        def make_proxy() -> Proxier:
            return Proxier(
                node_name=name,
                node_address=machine.address,
                translator=translator,
                informers=informers,
                clock=self.clock,
                random=random.fork("proxy"),
                fabric=self.fabric,
                reader=self.endpoint_reader,
                open_listener=self.open_listener(),
                open_relay=self.open_relay(),
            )

        children = (ChildSpec("proxy", make_proxy), ChildSpec("kubelet", make_kubelet))
        return SupervisorSpec(name, children, restarts_max=RESTARTS_MAX)

    def _usage(self, pod: Object) -> Mapping[str, Mapping[str, int]]:
        """What the containers of a pod use, as far as it is known."""
        from kubelite.controllers.podautoscaler.metrics import MetricsError  # noqa: PLC0415 - few ask

        try:
            return self.metrics().usage(pod)
        except MetricsError:
            return {}

    def _make_machine(self, name: str) -> Machine:
        config = self.config
        pods = self.block.take_pod_range(config.max_pods)
        return Machine(
            name=name,
            address=self.block.nodes.take(),
            clock=self.clock,
            random=self.random.fork(f"machines/{name}"),
            fabric=self.fabric,
            pod_addresses=pods,
            resolver=self.resolver,
            translator=Translator(),
            usage=self._usage,
            config=KubeletConfig(
                max_pods=config.max_pods,
                cpu=config.node_cpu,
                memory=config.node_memory,
                pod_cidr=str(pods.network),
                cluster_dns=self.dns_address,
                cluster_domain=config.domain,
                lease_renew_s=config.lease_renew_s,
            ),
        )
