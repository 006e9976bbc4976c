"""What a cluster contains before anybody asked for anything: namespaces, the way to the API server.

Source: k8s.io/kubernetes/pkg/controlplane/controller (systemnamespaces, kubernetesservice,
clusterauthenticationtrust, legacytokentracking), pkg/controlplane/reconcilers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from kubelite.api import bootstraproles, fresh
from kubelite.api.resources import (
    CONFIGMAPS,
    ENDPOINTS,
    ENDPOINTSLICES,
    FLOWSCHEMAS,
    NAMESPACES,
    PRIORITYLEVELCONFIGURATIONS,
    SERVICECIDRS,
    SERVICES,
    STORAGECLASSES,
)
from kubelite.api.storage import standard_class
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.master.apiserver.environment import Environment
from kubelite.master.apiserver.writes import create, update
from kubelite.master.store.selection import EVERYTHING

SYSTEM_NAMESPACES: Final = ("default", "kube-system", "kube-public", "kube-node-lease")
KUBERNETES: Final = "kubernetes"
AUTHENTICATION: Final = "extension-apiserver-authentication"
"""Tells API servers of extensions by which authority clients are known."""
LEGACY_TOKENS: Final = "kube-apiserver-legacy-service-account-token-tracking"
"""Says since when the use of tokens without an end is recorded."""
_NAMESPACE: Final = "default"
_SYSTEM: Final = "kube-system"
_MANAGER: Final = "kube-apiserver"
_RESTORED: Final = frozenset({FLOWSCHEMAS, PRIORITYLEVELCONFIGURATIONS, SERVICECIDRS})
"""Kinds whose objects come back when they are deleted."""
KEPT: Final = _RESTORED | {SERVICES, ENDPOINTS, ENDPOINTSLICES, CONFIGMAPS}
"""Kinds of which `reconcile` and `restore` look after some objects."""


def bootstrap(env: Environment) -> None:
    """Make what is missing, and take note of the numbers that Services have."""
    for entry in env.store.list(SERVICES, EVERYTHING).entries:
        env.numbers.load(entry.object)
    is_new = not env.store.count(NAMESPACES)
    for resource, obj in _fresh(env):
        _complete(env, resource, obj)
    for name in SYSTEM_NAMESPACES:
        if env.store.get(NAMESPACES, "", name) is None:
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            create(env, NAMESPACES, "", namespace, manager=_MANAGER)
    for resource, obj in bootstraproles.objects():
        _complete(env, resource, obj)
    reconcile(env)
    if is_new and env.config.storage_class:
        made = fresh.completed(standard_class(), uid=env.random.uuid4(), now=env.now_text())
        env.store.create(STORAGECLASSES, "", made["metadata"]["name"], made)
    if is_new:  # nobody can have seen what was before: watches of it are too old, as after any start
        env.store.compact(env.store.revision)


def _fresh(env: Environment) -> Iterator[tuple[Resource, Object]]:
    yield from fresh.objects()
    yield fresh.service_cidr(env.config.service_network)


def _complete(env: Environment, resource: Resource, obj: Object) -> None:
    """Make one of the objects that every cluster contains, if it is missing."""
    name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace", "")
    if env.store.get(resource, namespace, name) is None:
        made = fresh.completed(obj, uid=env.random.uuid4(), now=env.now_text())
        env.store.create(resource, namespace, name, made)


def restore(env: Environment) -> None:
    """Bring back the objects of flow control and the range of addresses that somebody has deleted."""
    for resource, obj in _fresh(env):
        if resource in _RESTORED:
            _complete(env, resource, obj)


@cache
def first_address(network: str) -> str:
    """The first usable address of a network, which the `kubernetes` Service has."""
    return str(ipaddress.ip_network(network)[1])


def reconcile(env: Environment) -> None:
    """See to it that the `kubernetes` Service and its endpoints say where the API server is."""
    config = env.config
    port = {"name": "https", "protocol": "TCP", "port": 443, "targetPort": config.advertise_port}
    target = {"name": "https", "port": config.advertise_port, "protocol": "TCP"}
    _ensure(
        env,
        SERVICES,
        labels={"component": "apiserver", "provider": "kubernetes"},
        spec={
            "clusterIP": first_address(config.service_network),
            "ports": [port],
            "type": "ClusterIP",
            "ipFamilyPolicy": "SingleStack",
        },
    )
    _ensure(
        env,
        ENDPOINTS,
        labels={"endpointslice.kubernetes.io/skip-mirror": "true"},
        subsets=[{"addresses": [{"ip": config.advertise_address}], "ports": [target]}],
    )
    _ensure(
        env,
        ENDPOINTSLICES,
        labels={"kubernetes.io/service-name": KUBERNETES},
        addressType="IPv4",
        endpoints=[{"addresses": [config.advertise_address], "conditions": {"ready": True}}],
        ports=[target],
    )
    if config.client_ca:
        _ensure_config_map(env, AUTHENTICATION, {"client-ca-file": config.client_ca})
    if env.store.get(CONFIGMAPS, _SYSTEM, LEGACY_TOKENS) is None:
        _ensure_config_map(env, LEGACY_TOKENS, {"since": env.now_text().partition("T")[0]})


def _ensure_config_map(env: Environment, name: str, data: dict[str, str]) -> None:
    entry = env.store.get(CONFIGMAPS, _SYSTEM, name)
    if entry is None:
        metadata = {"name": name, "namespace": _SYSTEM}
        obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        create(env, CONFIGMAPS, _SYSTEM, obj, manager=_MANAGER)
    elif entry.object.get("data") != data:
        changed = {**entry.object, "data": data}
        update(env, env.strategy(CONFIGMAPS), entry, changed, manager=_MANAGER)


def _ensure(env: Environment, resource: Resource, *, labels: dict[str, str], **fields: Any) -> None:
    entry = env.store.get(resource, _NAMESPACE, KUBERNETES)
    if entry is None:
        obj: Object = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": KUBERNETES, "namespace": _NAMESPACE, "labels": labels},
            **fields,
        }
        create(env, resource, _NAMESPACE, obj, manager=_MANAGER)
    elif resource != SERVICES and any(entry.object.get(key) != value for key, value in fields.items()):
        update(env, env.strategy(resource), entry, {**entry.object, **fields}, manager=_MANAGER)
