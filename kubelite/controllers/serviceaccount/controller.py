"""What each namespace is given: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`.

Both come back when deleted.

Source: k8s.io/kubernetes/pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kubelite.api.resources import CONFIGMAPS, NAMESPACES, SERVICEACCOUNTS
from kubelite.apimachinery.scheme import Object
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import CreateObject, Intent, Steps, UpdateObject

DEFAULT: Final = "default"
ROOT_CA: Final = "kube-root-ca.crt"
DESCRIPTION: Final = "kubernetes.io/description"
DESCRIPTION_TEXT: Final = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such "
    "as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions "
    "of Kubernetes clusters."
)


def plan_account(namespace: Object, account: Object | None) -> tuple[Intent, ...]:
    """Make the account `default` if it is missing and the namespace lives."""
    if account is not None or namespace.get("status", {}).get("phase") == "Terminating":
        return ()
    metadata = {"name": DEFAULT, "namespace": namespace["metadata"]["name"]}
    made = {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": metadata}
    return (CreateObject(SERVICEACCOUNTS, made, exists_ok=True),)


def plan_root_ca(namespace: Object, published: Object | None, certificate: str) -> tuple[Intent, ...]:
    """Make the ConfigMap, or put it right, while the namespace lives."""
    if namespace.get("status", {}).get("phase") == "Terminating":
        return ()
    data = {"ca.crt": certificate}
    if published is None:
        metadata = {
            "name": ROOT_CA,
            "namespace": namespace["metadata"]["name"],
            "annotations": {DESCRIPTION: DESCRIPTION_TEXT},
        }
        made = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data}
        return (CreateObject(CONFIGMAPS, made, exists_ok=True),)
    annotations = published["metadata"].get("annotations") or {}
    if published.get("data") == data and annotations.get(DESCRIPTION):
        return ()
    metadata = {**published["metadata"], "annotations": {**annotations, DESCRIPTION: DESCRIPTION_TEXT}}
    return (UpdateObject(CONFIGMAPS, {**published, "metadata": metadata, "data": data}),)


class ServiceAccountsController(Reconciler):
    """Keeps the account `default`."""

    name = "serviceaccount-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._namespaces = self.informer(NAMESPACES)
        self._accounts = self.informer(SERVICEACCOUNTS)

    def watches(self) -> Sequence[Watch]:
        """Namespaces, and accounts that are deleted."""
        return Watch(NAMESPACES, _namespace_keys), Watch(SERVICEACCOUNTS, _account_keys)

    def sync(self, key: str) -> Steps:
        """One namespace."""
        namespace = self._namespaces.get(None, key)
        if namespace is not None:
            yield plan_account(namespace, self._accounts.get(key, DEFAULT))


class RootCAPublisher(Reconciler):
    """Keeps the ConfigMap with the certificate of the authority that signs the API server's."""

    name = "root-ca-certificate-publisher-controller"

    def __init__(self, environment: Environment, certificate: str) -> None:
        super().__init__(environment)
        self._certificate = certificate
        self._namespaces = self.informer(NAMESPACES)
        self._configmaps = self.informer(CONFIGMAPS)

    def watches(self) -> Sequence[Watch]:
        """Namespaces, and ConfigMaps that are changed or deleted."""
        return Watch(NAMESPACES, _namespace_keys), Watch(CONFIGMAPS, _configmap_keys)

    def sync(self, key: str) -> Steps:
        """One namespace."""
        namespace = self._namespaces.get(None, key)
        if namespace is not None:
            yield plan_root_ca(namespace, self._configmaps.get(key, ROOT_CA), self._certificate)


def _namespace_keys(_old: Object | None, new: Object | None) -> Iterable[str]:
    return () if new is None else (new["metadata"]["name"],)


def _account_keys(old: Object | None, new: Object | None) -> Iterable[str]:
    metadata = (old or {}).get("metadata")
    return (
        () if new is not None or metadata is None or metadata["name"] != DEFAULT else (metadata["namespace"],)
    )


def _configmap_keys(old: Object | None, new: Object | None) -> Iterable[str]:
    metadata = (new or old or {})["metadata"]
    return () if old is None or metadata["name"] != ROOT_CA else (metadata["namespace"],)
