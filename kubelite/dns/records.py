"""What cluster DNS knows: records made from Services, EndpointSlices and pods. Pure.

Source: https://github.com/kubernetes/dns/blob/master/docs/specification.md;
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from kubelite.apimachinery.scheme import Object

TTL_S: Final = 5
NEGATIVE_TTL_S: Final = 30
VERSION: Final = "1.1.0"
Kind = Literal["A", "AAAA", "SRV", "CNAME", "PTR", "TXT"]
_DASHED: Final = re.compile(r"(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})")


class Record(NamedTuple):
    """One record: its owner (lower case, no dot at the end), its kind, and its data.

    Attributes:
        data: An address, a name, a text; for SRV its target.
        port: Of an SRV record.
    """

    name: str
    kind: Kind
    data: str
    port: int = 0


def address_kind(address: str) -> Kind:
    """`A` or `AAAA`."""
    return "AAAA" if ":" in address else "A"


def plan_service_records(service: Object, slices: Iterable[Object], domain: str) -> Iterator[Record]:
    """The records of one Service.

    Args:
        service: The Service.
        slices: Its EndpointSlices.
        domain: The cluster's domain.
    """
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    base = f"{name}.{namespace}.svc.{domain}".lower()
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        yield Record(base, "CNAME", spec["externalName"].rstrip(".").lower())
        return
    if spec.get("clusterIP") == "None":
        yield from _headless(base, service, slices)
        return
    addresses = [each for each in spec.get("clusterIPs") or [spec.get("clusterIP")] if each]
    for address in addresses:
        yield Record(base, address_kind(address), address)
        yield Record(reverse_name(address), "PTR", base)
    if addresses:
        for port in spec.get("ports") or ():
            yield from _srv(port, base, base)


def _srv(port: Object, base: str, target: str) -> Iterator[Record]:
    """A port under its name, if it has one, and under the Service's, where all ports are."""
    if port.get("name"):
        name = f"_{port['name']}._{port.get('protocol', 'TCP')}.{base}".lower()
        yield Record(name, "SRV", target, port["port"])
    yield Record(base, "SRV", target, port["port"])


def _headless(base: str, service: Object, slices: Iterable[Object]) -> Iterator[Record]:
    published = bool(service["spec"].get("publishNotReadyAddresses"))
    for each in slices:
        if each.get("addressType") == "FQDN":  # these have no addresses
            continue
        for endpoint in each.get("endpoints") or ():
            if not published and (endpoint.get("conditions") or {}).get("ready") is False:
                continue
            for address in endpoint["addresses"]:
                host = endpoint.get("hostname") or address.replace(".", "-").replace(":", "-")
                full = f"{host}.{base}".lower()
                yield Record(base, address_kind(address), address)
                yield Record(full, address_kind(address), address)
                yield Record(reverse_name(address), "PTR", full)
                for port in each.get("ports") or ():
                    if port.get("port"):
                        yield from _srv(port, base, full)


def reverse_name(address: str) -> str:
    """The name under which an address is looked up."""
    return ipaddress.ip_address(address).reverse_pointer


class Zone:
    """All records, by name; replaced service by service.

    Args:
        domain: The cluster's domain, without a dot at its end.
    """

    def __init__(self, domain: str) -> None:
        self.domain = domain.lower().strip(".")
        self.generation = 0
        self._by_source: dict[str, tuple[Record, ...]] = {}
        self._records: dict[str, dict[Kind, list[Record]]] = {}
        self._below: dict[str, int] = {}
        self.namespaces: set[str] = set()
        self.replace("", [Record(f"dns-version.{self.domain}", "TXT", VERSION)])

    def __repr__(self) -> str:
        return f"<Zone {self.domain}, {len(self._records)} names>"

    @property
    def services(self) -> tuple[str, ...]:
        """The keys of the Services that have records."""
        return tuple(source for source in self._by_source if source)

    def replace(self, source: str, records: Iterable[Record]) -> None:
        """Puts the records of one source (a Service's key) in place of those it had."""
        new = tuple(dict.fromkeys(records))
        old = self._by_source.get(source, ())
        if new == old:
            return
        for record in old:
            self._remove(record)
        for record in new:
            self._records.setdefault(record.name, {}).setdefault(record.kind, []).append(record)
            for parent in _parents(record.name):
                self._below[parent] = self._below.get(parent, 0) + 1
        if new:
            self._by_source[source] = new
        else:
            self._by_source.pop(source, None)
        self.generation += 1

    def _remove(self, record: Record) -> None:
        kinds = self._records[record.name]
        kinds[record.kind].remove(record)
        if not kinds[record.kind]:
            del kinds[record.kind]
        if not kinds:
            del self._records[record.name]
        for parent in _parents(record.name):
            self._below[parent] -= 1
            if not self._below[parent]:
                del self._below[parent]

    def is_authoritative(self, name: str) -> bool:
        """Whether the name is in the cluster's domain, or a reverse name that is known."""
        return (
            name == self.domain
            or name.endswith("." + self.domain)
            or (name.endswith(".arpa") and name in self._records)
        )

    def find(self, name: str, kind: str) -> Sequence[Record] | None:
        """The records of a name and kind; empty if it has only others, None if there is no such name."""
        kinds: Mapping[Kind, list[Record]] | None = self._records.get(name)
        if kinds is None:
            pod = self._pod(name)
            if pod is not None:
                return (pod,) if kind in {pod.kind, "ANY"} else ()
            return () if name in self._below or self._is_node(name) else None
        if kind == "ANY":
            return [record for records in kinds.values() for record in records]
        found = kinds.get(kind)  # type: ignore[call-overload]
        if found:
            return tuple(found)
        return tuple(kinds.get("CNAME", ()))

    def _is_node(self, name: str) -> bool:
        """Whether a name without records is there all the same: the domain, its parts, their namespaces."""
        if name in {self.domain, f"svc.{self.domain}", f"pod.{self.domain}"}:
            return True
        namespace, _, rest = name.partition(".")
        return rest in {f"svc.{self.domain}", f"pod.{self.domain}"} and namespace in self.namespaces

    def _pod(self, name: str) -> Record | None:
        """`1-2-3-4.NAMESPACE.pod.DOMAIN` for any address, as CoreDNS' `pods insecure` has it."""
        host, _, rest = name.partition(".")
        namespace, _, tail = rest.partition(".")
        if tail != f"pod.{self.domain}" or namespace not in self.namespaces:
            return None
        match = _DASHED.fullmatch(host)
        if match is None or any(int(part) > 255 for part in match.groups()):
            return None
        return Record(name, "A", ".".join(match.groups()))


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name
