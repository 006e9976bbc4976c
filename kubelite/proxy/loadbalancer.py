"""What a cloud provider does for Services of type LoadBalancer: an address, and a listener on it.

Connections go straight to ready endpoints, chosen by the rules of the proxy that runs beside the control
plane.

Source: https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubelite.api.resources import SERVICES
from kubelite.apimachinery import meta
from kubelite.apimachinery.apierrors import APIError, Conflict, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.client.client import Client
from kubelite.network import AddressPool, AddressPoolExhausted, Fabric, OpenListener, OpenRelay, Translator
from kubelite.proxy.proxier import make_accept
from kubelite.runtime import Actor, Signal, causes
from kubelite.runtime.logs import get_logger

log = get_logger().bind(component="service-loadbalancer")
RETRY_S = 1.0


class Reconcile(Signal):
    """Look at the Services that changed."""


def wants_load_balancer(service: Object | None) -> bool:
    """Whether a Service asks for a load balancer of this provider."""
    if service is None or meta.is_being_deleted(service):
        return False
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")


def wanted_ports(service: Object) -> frozenset[tuple[int, str]]:
    """The ports to listen on, and their protocols."""
    every = ((each["port"], each.get("protocol", "TCP")) for each in service["spec"].get("ports") or ())
    return frozenset(each for each in every if each[1] in {"TCP", "UDP"})


class LoadBalancerProvider(Actor[Reconcile]):
    """See the module's docstring.

    Args:
        client: Writes the ingress address into the Services' status.
        informers: Services.
        addresses: The pool of ingress addresses.
        translator: Its proxy's rules.
        fabric: Hands connections to pods.
        open_listener: Listens for clients outside.
        open_relay: Listens for their datagrams.
    """

    def __init__(
        self,
        *,
        client: Client,
        informers: Any,
        addresses: AddressPool,
        translator: Translator,
        fabric: Fabric,
        open_listener: OpenListener,
        open_relay: OpenRelay,
    ) -> None:
        self._client, self._informers, self._addresses = client, informers, addresses
        self._translator, self._fabric = translator, fabric
        self._open_listener, self._open_relay = open_listener, open_relay
        self._changed: set[str] = set()
        self._waking = False
        self._assigned: dict[str, str] = {}
        self._open: dict[tuple[str, int, str], Callable[[], None]] = {}

    async def started(self) -> None:
        """The handler replays all Services."""
        self._services = self._informers.informer(SERVICES)
        self._remove = self._services.add_handler(self._note)

    async def stopped(self) -> None:
        """Closes the listeners."""
        if callable(getattr(self, "_remove", None)):
            self._remove()
        for close in self._open.values():
            close()
        self._open.clear()

    def _note(self, old: Object | None, new: Object | None) -> None:
        if (new or old or {}).get("spec", {}).get("type") != "LoadBalancer" and meta.key(
            new or old or {}
        ) not in self._assigned:
            return
        self._changed.add(meta.key(new or old or {}))
        self._wake()

    def _wake(self) -> None:
        if not self._waking:
            self._waking = True
            self.context.ref.tell(Reconcile())

    async def receive(self, message: Reconcile) -> None:
        """Assigns and releases addresses, opens and closes listeners."""
        assert isinstance(message, Reconcile)
        self._waking = False
        changed, self._changed = sorted(self._changed), set()
        for key in changed:
            namespace, name = meta.split_key(key)
            service = self._services.get(namespace, name)
            try:
                if service is not None and wants_load_balancer(service):
                    await self._provide(key, service)
                else:
                    await self._withdraw(key, service)
            except (Conflict, NotFound):
                continue  # a newer state is on its way through the informer
            except (APIError, AddressPoolExhausted) as error:
                log.warning("load balancer failed", service=key, error=str(error))
                self._changed.add(key)
                self.context.call_later(RETRY_S, Reconcile())

    async def _provide(self, key: str, service: Object) -> None:
        causes.current.set(service["metadata"].get("resourceVersion"))
        address = self._assigned.get(key) or self._address(service)
        self._assigned[key] = address
        for port, protocol in sorted(wanted_ports(service)):
            if (address, port, protocol) not in self._open:
                if protocol == "UDP":
                    close = await self._open_relay(address, port, self._translator)
                else:
                    accept = make_accept(self._fabric, self._translator, address, port)
                    close = await self._open_listener(address, port, accept)
                if close is not None:
                    self._open[address, port, protocol] = close
        self._close(address, wanted_ports(service))
        ingress = [{"ip": address, "ipMode": "VIP"}]
        if (service.get("status", {}).get("loadBalancer") or {}).get("ingress") != ingress:
            status = {**service.get("status", {}), "loadBalancer": {"ingress": ingress}}
            await self._client.update(SERVICES, meta.with_status(service, status), subresource="status")

    def _address(self, service: Object) -> str:
        ingress = (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or ()
        for each in ingress:  # what it had before a restart of this actor
            if each.get("ip") and each["ip"] in self._addresses and each["ip"] not in self._assigned.values():
                self._addresses.claim(each["ip"])
                return str(each["ip"])
        wanted = service["spec"].get("loadBalancerIP")
        return str(wanted) if wanted and self._addresses.claim(wanted) else self._addresses.take()

    def _close(self, address: str, keep: frozenset[tuple[int, str]] = frozenset()) -> None:
        for key in [each for each in self._open if each[0] == address and each[1:] not in keep]:
            self._open.pop(key)()

    async def _withdraw(self, key: str, service: Object | None) -> None:
        address = self._assigned.pop(key, None)
        if address is None:
            return
        self._close(address)
        self._addresses.release(address)
        if service is not None and (service.get("status", {}).get("loadBalancer") or {}).get("ingress"):
            status = {**service.get("status", {}), "loadBalancer": {}}
            await self._client.update(SERVICES, meta.with_status(service, status), subresource="status")
