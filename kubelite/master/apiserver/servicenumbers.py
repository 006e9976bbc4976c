"""Cluster addresses and node ports of Services: filled in, checked, taken, given back.

A write first gets its fields in order (`normalised`), is validated, then takes numbers (`take`); if it fails
after that or was a dry run, what it took goes back.
Source: k8s.io/kubernetes/pkg/registry/core/service/storage (alloc.go, storage.go), strategy.go.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

import attrs

from kubelite.api import resources as r
from kubelite.api import servicefamilies
from kubelite.apimachinery.apierrors import InternalError, Invalid
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.addressranges import AddressRanges
from kubelite.master.apiserver.allocator import Allocator, RangeFull, make_port_allocator
from kubelite.master.apiserver.config import APIServerConfig
from kubelite.master.store.store import Store
from kubelite.runtime import Randomness

HEADLESS: Final = "None"
DUMMY_NODE_PORT: Final = 32768
"""Dry runs show node ports from beyond this one."""
WITH_ADDRESS: Final = frozenset({"ClusterIP", "NodePort", "LoadBalancer"})
WITH_NODE_PORTS: Final = frozenset({"NodePort", "LoadBalancer"})
Source = Allocator | AddressRanges
"""Where numbers come from."""


@attrs.frozen(eq=False, repr=False)
class Taken:
    """The numbers that one write took, in case they have to go back."""

    numbers: list[tuple[Source, int]] = attrs.field(factory=list)

    def give_back(self) -> None:
        """Undo the taking."""
        for allocator, number in self.numbers:
            allocator.release(number)
        self.numbers.clear()


class ServiceNumbers:
    """The allocators of one cluster."""

    def __init__(self, config: APIServerConfig, store: Store, random: Randomness) -> None:
        self.addresses = AddressRanges(store, random.fork("addresses"))
        self.node_ports = make_port_allocator(
            config.node_port_first, config.node_port_last, random.fork("node ports")
        )

    # --- before validation ----------------------------------------------------------------------------------

    @staticmethod
    def normalised(service: Object, old: Object | None = None) -> Object:
        """The Service with both forms of its address in step and its address families chosen.

        Raises:
            Invalid: The cluster has no such families, or the addresses make no sense.
        """
        service, errors = servicefamilies.settled(service, old)
        if errors:
            raise Invalid(r.SERVICES, service["metadata"].get("name", ""), errors)
        return service

    # --- after validation -----------------------------------------------------------------------------------

    def take(self, new: Object, old: Object | None, *, dry_run: bool = False) -> tuple[Object, Taken]:
        """Take the numbers which the Service has and its former version had not.

        Args:
            new: The Service, normalised and valid.
            old: What is stored of it, if anything.
            dry_run: Show a node port outside of the range, as Kubernetes does.

        Raises:
            Invalid: A number is outside of its range, or somebody else's.
        """
        taken = Taken()
        try:
            spec = dict(new["spec"])
            held = set() if old is None else set(self._numbers(old))
            self._take_address(spec, new, held, taken)
            self._take_node_ports(spec, new, held, taken, dry_run=dry_run)
            self._take_health_check(spec, held, taken)
        except Exception:
            taken.give_back()
            raise
        return {**new, "spec": spec}, taken

    def release_former(self, old: Object, new: Object | None) -> None:
        """Give back what `old` had and `new` (None: it is deleted) has not."""
        kept = set() if new is None else set(self._numbers(new))
        for allocator, number in set(self._numbers(old)) - kept:
            allocator.release(number)

    def load(self, service: Object) -> None:
        """Take note of the numbers of a Service that is stored already."""
        for allocator, number in self._numbers(service):
            allocator.take(number)

    def _numbers(self, service: Object) -> Iterator[tuple[Source, int]]:
        spec = service["spec"]
        address = spec.get("clusterIP")
        if address and address != HEADLESS:
            yield self.addresses, int(ipaddress.ip_address(address))
        ports = {port.get("nodePort") for port in spec.get("ports") or ()} | {spec.get("healthCheckNodePort")}
        for port in ports:
            if port and self.node_ports.contains(port):
                yield self.node_ports, port

    def _take_address(
        self, spec: Object, service: Object, held: set[tuple[Source, int]], taken: Taken
    ) -> None:
        address = spec.get("clusterIP")
        if spec.get("type") not in WITH_ADDRESS or address == HEADLESS:
            return
        if address:
            number = int(ipaddress.ip_address(address))
            if (self.addresses, number) in held:
                return
            if not self.addresses.contains(number):
                raise _address_error(
                    service, address, "the provided network does not match the current range"
                )
            if not self.addresses.take(number):
                raise _address_error(service, address, "provided IP is already allocated")
        else:
            try:
                number = self.addresses.choose()
            except RangeFull:
                raise InternalError("failed to allocate a serviceIP: range is full") from None
            self.addresses.take(number)
            spec["clusterIP"] = str(ipaddress.ip_address(number))
            spec["clusterIPs"] = [spec["clusterIP"]]
        taken.numbers.append((self.addresses, number))

    def _take_node_ports(
        self, spec: Object, service: Object, held: set[tuple[Source, int]], taken: Taken, *, dry_run: bool
    ) -> None:
        ports = spec.get("ports")
        if spec.get("type") not in WITH_NODE_PORTS or not ports:
            return
        chooses = spec["type"] == "NodePort" or spec.get("allocateLoadBalancerNodePorts", True)
        mine = {number for allocator, number in held if allocator is self.node_ports}
        errors: list[FieldError] = []
        for index, port in enumerate(ports):
            number = port.get("nodePort")
            if not number or number in mine:
                continue
            path = f"spec.ports[{index}].nodePort"
            if not self.node_ports.contains(number):
                first, last = self.node_ports.first, self.node_ports.last
                detail = (
                    f"provided port is not in the valid range. The range of valid ports is {first}-{last}"
                )
                errors.append(FieldError.invalid(path, number, detail))
            elif not self.node_ports.take(number):
                errors.append(FieldError.invalid(path, number, "provided port is already allocated"))
            else:
                mine.add(number)
                taken.numbers.append((self.node_ports, number))
        if errors:
            raise Invalid(r.SERVICES, service["metadata"].get("name", ""), errors)
        if chooses:
            spec["ports"] = self._with_node_ports(ports, taken, dry_run=dry_run)

    def _with_node_ports(self, ports: list[Object], taken: Taken, *, dry_run: bool) -> list[Object]:
        """Every port with a node port; one number serves all protocols of a port."""
        numbers = {port["port"]: port["nodePort"] for port in ports if port.get("nodePort")}
        filled = []
        dummy = max(numbers.values(), default=DUMMY_NODE_PORT)
        for port in ports:
            number = port.get("nodePort") or numbers.get(port["port"])
            if not number:
                dummy += 1
                number = numbers[port["port"]] = dummy if dry_run else self._choose_port(taken)
            filled.append({**port, "nodePort": number})
        return filled

    def _choose_port(self, taken: Taken) -> int:
        try:
            number = self.node_ports.choose()
        except RangeFull:
            raise InternalError("failed to allocate a nodePort: range is full") from None
        self.node_ports.take(number)
        taken.numbers.append((self.node_ports, number))
        return number

    def _take_health_check(self, spec: Object, held: set[tuple[Source, int]], taken: Taken) -> None:
        if spec.get("type") != "LoadBalancer" or spec.get("externalTrafficPolicy") != "Local":
            return
        number = spec.get("healthCheckNodePort")
        if not number:
            spec["healthCheckNodePort"] = self._choose_port(taken)
        elif (self.node_ports, number) not in held and self.node_ports.contains(number):
            if not self.node_ports.take(number):
                raise InternalError(f"failed to allocate requested HealthCheck NodePort {number}")
            taken.numbers.append((self.node_ports, number))

    def __repr__(self) -> str:
        return f"<ServiceNumbers addresses {self.addresses!r}, node ports {self.node_ports!r}>"


def _address_error(service: Object, address: str, why: str) -> Invalid:
    error = FieldError.invalid("spec.clusterIPs", [address], f"failed to allocate IP {address}: {why}")
    return Invalid(r.SERVICES, service["metadata"].get("name", ""), [error])
