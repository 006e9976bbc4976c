"""What EndpointSlices say, read once for all nodes.

Every node has a proxy, and all of them want to know the same of a Service whose slices have changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from kubelite.apimachinery.scheme import Object
from kubelite.network import Endpoint

READ_MAX: Final = 64
"""Services whose endpoints are kept: the proxies of all nodes look at a change one after the other."""
_NOBODY: Final[frozenset[str]] = frozenset()


class Candidate(NamedTuple):
    """An endpoint with what decides whether connections go there."""

    endpoint: Endpoint
    node_name: str
    ready: bool
    serving: bool
    terminating: bool
    zones: frozenset[str]
    nodes: frozenset[str]


def _hinted(endpoint: Object, kind: str) -> frozenset[str]:
    """The zones (`forZones`) or nodes (`forNodes`) that an endpoint is meant for."""
    hints = endpoint.get("hints")
    return frozenset(each["name"] for each in hints.get(kind) or ()) if hints else _NOBODY


def _candidates(slices: Iterable[Object], name: str, protocol: str) -> Iterator[Candidate]:
    for each in slices:
        for port in each.get("ports") or ():
            if (
                (port.get("name") or "") != name
                or port.get("protocol", "TCP") != protocol
                or not port.get("port")
            ):
                continue
            for endpoint in each.get("endpoints") or ():
                conditions = endpoint.get("conditions") or {}
                ready = conditions.get("ready", True)
                serving = conditions.get("serving", ready)
                yield Candidate(
                    (endpoint["addresses"][0], port["port"]),
                    endpoint.get("nodeName", ""),
                    ready is not False,
                    serving is not False,
                    bool(conditions.get("terminating")),
                    _hinted(endpoint, "forZones"),
                    _hinted(endpoint, "forNodes"),
                )


def _chosen(candidates: Sequence[Candidate]) -> tuple[Endpoint, ...]:
    """Those that are ready; if there are none, those that still serve while they terminate."""
    ready = [each.endpoint for each in candidates if each.ready]
    if not ready:
        ready = [each.endpoint for each in candidates if each.serving and each.terminating]
    return tuple(sorted(dict.fromkeys(ready)))


class PortEndpoints:
    """The endpoints of one port of a Service.

    Args:
        candidates: All of them.
        hinted: Whether any endpoint of the Service has hints.
    """

    def __init__(self, candidates: Sequence[Candidate], *, hinted: bool) -> None:
        self._hinted = hinted
        self._candidates = candidates

    @cached_property
    def _by_node(self) -> dict[str, list[Candidate]]:
        found: dict[str, list[Candidate]] = {}
        for each in self._candidates:
            found.setdefault(each.node_name, []).append(each)
        return found

    @cached_property
    def _everywhere(self) -> tuple[Endpoint, ...]:
        return _chosen(self._candidates)

    def near(self, node_name: str, zone: str) -> tuple[Endpoint, ...]:
        """Where connections from a node go under policy `Cluster`."""
        if not self._hinted:
            return self._everywhere
        return _chosen(_meant_for(self._candidates, node_name, zone))

    def local(self, node_name: str) -> tuple[Endpoint, ...]:
        """Where they go under policy `Local`."""
        return _chosen(self._by_node.get(node_name, ()))

    def ready_addresses(self, node_name: str) -> Iterator[str]:
        """The addresses of the ready endpoints on a node."""
        return (each.endpoint[0] for each in self._by_node.get(node_name, ()) if each.ready)


def _meant_for(candidates: Sequence[Candidate], node_name: str, zone: str) -> Sequence[Candidate]:
    """The ready endpoints that are meant for a node, or else for its zone; all if hints do not tell."""
    ready = [each for each in candidates if each.ready]
    for hinted, name in (([each.nodes for each in ready], node_name), ([each.zones for each in ready], zone)):
        if all(hinted) and any(name in names for names in hinted):
            return [each for each, names in zip(ready, hinted, strict=True) if name in names]
    return candidates


class ServiceEndpoints:
    """The endpoints of a Service, by families and ports.

    Args:
        slices: All slices of the Service.
    """

    def __init__(self, slices: Sequence[Object]) -> None:
        self.slices = slices
        self._ports: dict[tuple[str, str, str], PortEndpoints] = {}

    @cached_property
    def has_hints(self) -> bool:
        """Whether it matters in which zone a node is."""
        return any(endpoint.get("hints") for each in self.slices for endpoint in each.get("endpoints") or ())

    def port(self, family: str, name: str, protocol: str) -> PortEndpoints:
        """Those of a port, with addresses of a family."""
        key = (family, name, protocol)
        found = self._ports.get(key)
        if found is None:
            its = [each for each in self.slices if each.get("addressType", "IPv4") == family]
            candidates = tuple(_candidates(its, name, protocol))
            found = self._ports[key] = PortEndpoints(candidates, hinted=self.has_hints)
        return found


class EndpointReader:
    """Reads the slices of Services for all proxies of a cluster."""

    def __init__(self) -> None:
        self._read: OrderedDict[str, ServiceEndpoints] = OrderedDict()

    def __repr__(self) -> str:
        return f"<EndpointReader {len(self._read)} Services>"

    def read(self, key: str, slices: Sequence[Object]) -> ServiceEndpoints:
        """The endpoints of a Service, whose key this is; read anew only if its slices are others."""
        found = self._read.get(key)
        if found is not None and _same(found.slices, slices):
            self._read.move_to_end(key)
            return found
        self._read.pop(key, None)
        found = self._read[key] = ServiceEndpoints(slices)
        if len(self._read) > READ_MAX:
            self._read.popitem(last=False)
        return found


def _same(before: Sequence[Object], now: Sequence[Object]) -> bool:
    return len(before) == len(now) and all(one is other for one, other in zip(before, now, strict=True))
