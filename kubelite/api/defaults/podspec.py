"""Defaults of pods and of the pod templates in other kinds.

What differs: a Pod gets `enableServiceLinks`, requests from its limits and host ports under `hostNetwork`; a
template gets none of these.

Source: k8s.io/kubernetes/pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubelite.api.identity import ByIdentity
from kubelite.apimachinery.scheme import Object

FILE_MODE: Final = 0o644
SERVICE_ACCOUNT_TOKEN_EXPIRATION_S: Final = 3600

_POD_SPEC: Final[Mapping[str, Any]] = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_PROBE: Final[Mapping[str, Any]] = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_HTTP_GET: Final[Mapping[str, Any]] = {"path": "/", "scheme": "HTTP"}
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_CONTAINER_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")
_MODED_VOLUMES: Final = ("secret", "configMap", "downwardAPI", "projected")
_SOURCES: Final[Mapping[str, Mapping[str, Any]]] = {
    "azureDisk": {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False},
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def with_defaults(obj: Object, defaults: Mapping[str, Any]) -> Object:
    """The object with what it leaves out (or says null) taken from `defaults`; it is in Go's form."""
    missing = {key: value for key, value in defaults.items() if obj.get(key) is None}
    return {**obj, **missing} if missing else obj


def changed(obj: Object, key: str, default: Callable[[Any], Any]) -> Object:
    """The object with `default` applied to what it holds under `key`, if it holds something there."""
    old = obj.get(key)
    if old is None:
        return obj
    new = default(old)
    return obj if new is old else {**obj, key: new}


def each(default: Callable[[Object], Object]) -> Callable[[list[Object]], list[Object]]:
    """`default` applied to every item; the same list if none changed."""

    def apply(items: list[Object]) -> list[Object]:
        new = [default(item) for item in items]
        return items if all(a is b for a, b in zip(items, new, strict=True)) else new

    return apply


def default_image_pull_policy(image: str) -> str:
    """Always for the tag "latest", said or implied; else IfNotPresent."""
    _, at, _ = image.partition("@")
    if at:
        return "IfNotPresent"
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return "IfNotPresent" if colon and tag != "latest" else "Always"


def _http_get(action: Object) -> Object:
    return with_defaults(action, _HTTP_GET)


def _probe(probe: Object) -> Object:
    probe = with_defaults(probe, _PROBE)
    probe = changed(probe, "grpc", lambda grpc: with_defaults(grpc, {"service": ""}))
    return changed(probe, "httpGet", _http_get)


def _lifecycle(lifecycle: Object) -> Object:
    for hook in ("postStart", "preStop"):
        lifecycle = changed(lifecycle, hook, lambda handler: changed(handler, "httpGet", _http_get))
    return lifecycle


def _field_ref(source: Object) -> Object:
    return changed(source, "fieldRef", lambda ref: with_defaults(ref, {"apiVersion": "v1"}))


def _file_key_ref(source: Object) -> Object:
    return changed(source, "fileKeyRef", lambda ref: with_defaults(ref, {"optional": False}))


def _env(variable: Object) -> Object:
    return changed(variable, "valueFrom", lambda source: _file_key_ref(_field_ref(source)))


def _port(port: Object) -> Object:
    return with_defaults(port, {"protocol": "TCP"})


def _container(container: Object) -> Object:
    container = with_defaults(
        container,
        {
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": default_image_pull_policy(container.get("image") or ""),
        },
    )
    container = changed(container, "ports", each(_port))
    container = changed(container, "env", each(_env))
    for probe in _PROBES:
        container = changed(container, probe, _probe)
    return changed(container, "lifecycle", _lifecycle)


def _moded(source: Object) -> Object:
    return with_defaults(source, {"defaultMode": FILE_MODE})


def _projection(source: Object) -> Object:
    source = changed(
        source,
        "serviceAccountToken",
        lambda token: with_defaults(token, {"expirationSeconds": SERVICE_ACCOUNT_TOKEN_EXPIRATION_S}),
    )
    return changed(source, "downwardAPI", _downward_items)


def _downward_items(source: Object) -> Object:
    return changed(source, "items", each(_field_ref))


def _volume(volume: Object) -> Object:
    if not any(value is not None for key, value in volume.items() if key != "name"):
        return {**volume, "emptyDir": {}}
    for kind in _MODED_VOLUMES:
        volume = changed(volume, kind, _moded)
    volume = changed(volume, "downwardAPI", _downward_items)
    volume = changed(volume, "projected", lambda p: changed(p, "sources", each(_projection)))
    volume = default_sources(volume)
    volume = changed(
        volume,
        "image",
        lambda image: with_defaults(
            image, {"pullPolicy": default_image_pull_policy(image.get("reference") or "")}
        ),
    )
    return changed(volume, "ephemeral", lambda e: changed(e, "volumeClaimTemplate", _claim_template))


def default_sources(volume: Object) -> Object:
    """Defaults of the sources that a pod's volume and a PersistentVolume have in common."""
    for kind, defaults in _SOURCES.items():
        if volume.get(kind) is not None:
            volume = {**volume, kind: with_defaults(volume[kind], defaults)}
    return volume


def _claim_template(template: Object) -> Object:
    return changed(template, "spec", lambda spec: with_defaults(spec, {"volumeMode": "Filesystem"}))


def _service_account(spec: Object) -> Object:
    """`serviceAccount` is the former name of `serviceAccountName`; both are written."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if not name or (spec.get("serviceAccountName") == name and spec.get("serviceAccount") == name):
        return spec
    return {**spec, "serviceAccountName": name, "serviceAccount": name}


def _template_spec(spec: Object) -> Object:
    spec = _service_account(with_defaults(spec, _POD_SPEC))
    for containers in _CONTAINER_LISTS:
        spec = changed(spec, containers, each(_container))
    return changed(spec, "volumes", each(_volume))


def _requests_from_limits(resources: Object) -> Object:
    limits = resources.get("limits") or {}
    requests = resources.get("requests") or {}
    missing = {name: value for name, value in limits.items() if name not in requests}
    return {**resources, "requests": {**requests, **missing}} if missing else resources


def _host_port(port: Object) -> Object:
    return with_defaults(port, {"hostPort": port.get("containerPort")})


def _pod_container(container: Object, on_host_network: bool) -> Object:
    container = changed(container, "resources", _requests_from_limits)
    return changed(container, "ports", each(_host_port)) if on_host_network else container


def _pod_spec(spec: Object) -> Object:
    spec = _template_spec(spec)
    on_host_network = bool(spec.get("hostNetwork"))
    for containers in ("initContainers", "containers"):
        spec = changed(spec, containers, each(lambda c: _pod_container(c, on_host_network)))
    return with_defaults(spec, {"enableServiceLinks": True})


default_template_spec: Final = ByIdentity(_template_spec)
"""Defaults of the pod spec in a template."""

default_pod_spec: Final = ByIdentity(_pod_spec)
"""Defaults of a Pod's own spec."""


def default_pod(pod: Object) -> Object:
    """Defaults of a Pod."""
    return {**pod, "spec": default_pod_spec(pod.get("spec") or {})}


def default_pod_template(template: Object) -> Object:
    """Defaults of a PodTemplateSpec."""
    return changed(template, "spec", default_template_spec)
