"""The IPAddress objects that stand for the cluster addresses of Services.

Source: k8s.io/kubernetes/pkg/registry/core/service/ipallocator (ipallocator.go).
"""

from __future__ import annotations

from kubelite.api import fresh
from kubelite.api.resources import IPADDRESSES
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.environment import Environment

HEADLESS = "None"


def addresses_of(service: Object | None) -> list[str]:
    """The cluster addresses of a Service; none of no Service."""
    if service is None:
        return []
    return [address for address in service["spec"].get("clusterIPs") or () if address != HEADLESS]


def follow(env: Environment, old: Object | None, new: Object | None) -> None:
    """Make objects for the addresses that a Service got, and remove those of what it lost.

    Args:
        env: The API server's surroundings.
        old: The Service before; None if it is new.
        new: The Service now; None if it is gone.
    """
    before, after = addresses_of(old), addresses_of(new)
    for address in before:
        if address not in after:
            entry = env.store.get(IPADDRESSES, "", address)
            if entry is not None:
                env.store.delete(IPADDRESSES, entry)
    for address in after:
        if address not in before and env.store.get(IPADDRESSES, "", address) is None:
            assert new is not None
            make(env, address, new)


def make(env: Environment, address: str, service: Object) -> None:
    """Make the object of a Service's address, which is not there."""
    obj = fresh.completed(fresh.ip_address(address, service), uid=env.random.uuid4(), now=env.now_text())
    env.store.create(IPADDRESSES, "", address, obj)
