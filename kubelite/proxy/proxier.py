"""kube-proxy: keeps one node's translation rules up to date; pumps no bytes.

Only the Services that changed are planned anew; the rules are then swapped as a whole. A crash loses
nothing: the informers replay what exists.

Source: https://kubernetes.io/docs/reference/networking/virtual-ips/.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from kubelite.api.resources import ENDPOINTSLICES, NODES, SERVICES
from kubelite.apimachinery import meta
from kubelite.apimachinery.scheme import Object
from kubelite.network import Endpoint, Fabric, OpenListener, OpenRelay, Picker, Translator
from kubelite.network.translate import Destination
from kubelite.proxy.balance import AffinityPicker, DroppingPicker, OriginPicker, RandomPicker, SourcePicker
from kubelite.proxy.endpoints import EndpointReader, ServiceEndpoints
from kubelite.proxy.healthcheck import HEALTHZ_PORT, HealthServer
from kubelite.proxy.rules import SERVICE_NAME_LABEL, Rule, ServiceRules, plan_service
from kubelite.runtime import Actor, Clock, Randomness, Signal
from kubelite.runtime.logs import get_logger

log = get_logger().bind(component="kube-proxy")
BY_SERVICE = "proxy-service"
"""The index of EndpointSlices by the Service they belong to."""
ZONE_LABEL = "topology.kubernetes.io/zone"
TO_BE_DELETED_TAINT = "ToBeDeletedByClusterAutoscaler"
_Open = Callable[[str, int], Awaitable[Callable[[], None] | None]]
"""Listens on an address and port; answers with what closes it."""


class Sync(Signal):
    """Plan what has changed and publish it."""


def service_of_slice(slice_: Object) -> list[str]:
    """The key of the Service that a slice belongs to."""
    name = (slice_["metadata"].get("labels") or {}).get(SERVICE_NAME_LABEL)
    return [f"{slice_['metadata']['namespace']}/{name}"] if name else []


class _Place(NamedTuple):
    """Where the proxy listens for clients outside, and for what: `TCP` and `UDP` go on to pods."""

    address: str
    port: int
    use: Literal["TCP", "UDP", "health"] = "TCP"


class Proxier(Actor[Sync]):
    """The proxy of one node.

    Args:
        node_name: For traffic policy `Local`.
        node_address: Where it opens node ports.
        translator: What it programs.
        informers: The node's view of the API.
        clock: For session affinity.
        random: Chooses endpoints.
        fabric: Hands connections from outside to pods.
        reader: Reads slices, for all nodes.
        open_listener: Opens node ports; None opens none (a control plane's proxy).
        open_services: Opens cluster IPs for clients outside; None leaves them to clients inside.
        open_relay: Opens node ports for datagrams; None opens none.
    """

    def __init__(
        self,
        *,
        node_name: str,
        node_address: str,
        translator: Translator,
        informers: Any,
        clock: Clock,
        random: Randomness,
        fabric: Fabric,
        reader: EndpointReader,
        open_listener: OpenListener | None = None,
        open_services: OpenListener | None = None,
        open_relay: OpenRelay | None = None,
    ) -> None:
        self._node_name, self._node_address = node_name, node_address
        self._translator = translator
        self._informers = informers
        self._clock, self._random = clock, random
        self._fabric, self._reader = fabric, reader
        self._open_listener = open_listener
        self._open_services = open_services
        self._open_relay = open_relay
        self._changed: set[str] = set()
        self._waking = False
        self._planned: dict[str, ServiceRules] = {}
        self._pickers: dict[Destination, Picker] = {}
        self._affinity: dict[str, dict[tuple[str, str], dict[str, tuple[Endpoint, float]]]] = {}
        self._health = HealthServer(clock, self._is_eligible)
        self._wanted: dict[_Place, _Open] = {}
        self._open: dict[_Place, Callable[[], None]] = {}
        self._zone: str | None = None
        self._hinted: set[str] = set()

    def __repr__(self) -> str:
        return f"<Proxier {self._node_name}, {len(self._pickers)} rules, {len(self._open)} ports open>"

    async def started(self) -> None:
        """Learns all Services and slices; the handlers replay them."""
        self._services = self._informers.informer(SERVICES)
        self._slices = self._informers.informer(ENDPOINTSLICES)
        self._slices.add_index(BY_SERVICE, service_of_slice)
        self._remove = [
            self._services.add_handler(self._service_changed),
            self._slices.add_handler(self._slice_changed),
        ]
        if self._open_listener is not None:
            try:
                healthz = self._fabric.listen(self._node_address, HEALTHZ_PORT, self._health.protocol)
            except OSError as error:  # a pod has the port of the host's network
                log.warning("cannot serve the health of the proxy", node=self._node_name, error=str(error))
            else:
                self._remove.append(healthz.close)

    async def stopped(self) -> None:
        """Closes its node ports; the rules stay, as iptables' would."""
        for remove in getattr(self, "_remove", ()):
            if callable(remove):
                remove()
        for close in self._open.values():
            close()
        self._open.clear()
        await self._health.stop()

    def _is_eligible(self) -> bool:
        """Whether nobody is about to remove the node."""
        node = self._informers.informer(NODES).get(None, self._node_name)
        if node is None:  # not registered yet
            return True
        taints = node["spec"].get("taints") or ()
        return not meta.is_being_deleted(node) and all(each["key"] != TO_BE_DELETED_TAINT for each in taints)

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        self._note(meta.key(new or old or {}))

    def _slice_changed(self, old: Object | None, new: Object | None) -> None:
        for obj in (old, new):
            if obj is not None:
                for key in service_of_slice(obj):
                    self._note(key)

    def _zone_for(self, key: str, endpoints: ServiceEndpoints) -> str:
        """The node's zone, where hints ask for it; from then on it is watched."""
        if not endpoints.has_hints:
            self._hinted.discard(key)
            return ""
        self._hinted.add(key)
        if self._zone is None:
            self._zone = ""
            if self._node_name:
                self._remove.append(self._informers.informer(NODES).add_handler(self._node_changed))
        return self._zone

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None or new["metadata"]["name"] != self._node_name:
            return
        zone = (new["metadata"].get("labels") or {}).get(ZONE_LABEL, "")
        if zone != self._zone:
            self._zone = zone
            for key in self._hinted:
                self._note(key)

    def _note(self, key: str) -> None:
        self._changed.add(key)
        if not self._waking:
            self._waking = True
            self._health.queued()
            self.context.ref.tell(Sync())

    async def receive(self, message: Sync) -> None:
        """Plans the Services that changed, swaps the rules, opens and closes node ports."""
        assert isinstance(message, Sync)
        self._waking = False
        changed, self._changed = sorted(self._changed), set()
        pickers = dict(self._pickers)
        # All that is old goes first: a destination may have passed from one Service to another.
        for key in changed:
            plan = self._planned.pop(key, ServiceRules())
            for rule in plan.rules:
                pickers.pop(rule.destination, None)
            for place, _ in self._wanted_by(plan):
                self._wanted.pop(place, None)
            if plan.health_check is not None:
                self._health.checks.pop(plan.health_check.port, None)
        for key in changed:
            namespace, name = meta.split_key(key)
            service = self._services.get(namespace, name)
            if service is None:
                self._hinted.discard(key)
                self._affinity.pop(key, None)
                continue
            endpoints = self._reader.read(key, self._slices.by_index(BY_SERVICE, key))
            zone = self._zone_for(key, endpoints)
            plan = plan_service(service, endpoints, self._node_name, self._node_address, zone)
            self._planned[key] = plan
            self._keep_affinity(key, plan)
            for rule in plan.rules:
                pickers[rule.destination] = self._picker(key, rule)
            self._wanted.update(self._wanted_by(plan))
            if plan.health_check is not None:
                self._health.checks[plan.health_check.port] = plan.health_check
        self._pickers = pickers
        self._translator.rules = MappingProxyType(pickers)
        await self._open_and_close()
        if not self._changed:
            self._health.updated()

    def _picker(self, key: str, rule: Rule) -> Picker:
        found: Picker = DroppingPicker() if rule.drops else self._picker_of(key, rule, rule.endpoints)
        if rule.inside is not None:
            inside = self._picker_of(key, rule, rule.inside)
            found = OriginPicker(inside, found, self._fabric.block.__contains__)
        return SourcePicker(found, rule.sources) if rule.sources else found

    def _picker_of(self, key: str, rule: Rule, endpoints: tuple[Endpoint, ...]) -> Picker:
        if rule.affinity_s is None:
            return RandomPicker(endpoints, self._random)
        chosen = self._affinity[key].setdefault(rule.port, {})
        return AffinityPicker(endpoints, self._random, self._clock, rule.affinity_s, chosen)

    def _keep_affinity(self, key: str, plan: ServiceRules) -> None:
        """Clients keep their endpoints for as long as their ports want them to."""
        kept = {rule.port for rule in plan.rules if rule.affinity_s is not None}
        known = self._affinity.pop(key, {})
        if kept:
            self._affinity[key] = {port: chosen for port, chosen in known.items() if port in kept}

    def _wanted_by(self, plan: ServiceRules) -> Iterator[tuple[_Place, _Open]]:
        """The addresses and ports to listen on for a Service's clients outside, and how."""
        for port in plan.node_ports:
            if port.protocol == "TCP" and self._open_listener is not None:
                yield _Place(self._node_address, port.port), self._opener(self._open_listener)
            elif port.protocol == "UDP" and self._open_relay is not None:
                yield _Place(self._node_address, port.port, "UDP"), self._relay
        if plan.health_check is not None and self._open_listener is not None:
            listen = self._open_listener
            place = _Place(self._node_address, plan.health_check.port, "health")
            yield place, lambda address, port: listen(address, port, self._health.accept)
        if self._open_services is not None:
            for address, number, protocol in (rule.destination for rule in plan.rules):
                if protocol == "TCP" and address in plan.cluster_ips:
                    yield _Place(address, number), self._opener(self._open_services)

    def _opener(self, listen: OpenListener) -> _Open:
        def listen_at(address: str, port: int) -> Awaitable[Callable[[], None] | None]:
            return listen(address, port, make_accept(self._fabric, self._translator, address, port))

        return listen_at

    def _relay(self, address: str, port: int) -> Awaitable[Callable[[], None] | None]:
        assert self._open_relay is not None
        return self._open_relay(address, port, self._translator)

    async def _open_and_close(self) -> None:
        wanted = self._wanted
        for place in self._open.keys() - wanted.keys():
            self._open.pop(place)()
            if place.use == "health":
                self._health.cut(place.port)
        for place in sorted(wanted.keys() - self._open.keys()):
            close = await wanted[place](place.address, place.port)
            if close is not None:
                self._open[place] = close


def make_accept(fabric: Fabric, translator: Translator, address: str, port: int) -> Callable[[str], Any]:
    """What a listener for clients outside asks at each connection: the protocol of the chosen pod."""

    def accept(source: str) -> Any:
        try:
            target, target_port = translator.translate(address, port, source)
        except ConnectionRefusedError:
            return None
        if (target, target_port) == (address, port):
            return None
        return fabric.accept(target, target_port)

    return accept
