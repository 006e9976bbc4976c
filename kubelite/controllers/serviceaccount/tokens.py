"""Secrets of the type `service-account-token` get the token of their account, and go when that goes.

Source: k8s.io/kubernetes/pkg/controller/serviceaccount/tokens_controller.go.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kubelite.api.resources import SECRETS, SERVICEACCOUNTS
from kubelite.apimachinery.scheme import Object
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import DeleteObject, Intent, ReadObject, Steps, UpdateObject

TYPE: Final = "kubernetes.io/service-account-token"
NAME: Final = "kubernetes.io/service-account.name"
UID: Final = "kubernetes.io/service-account.uid"

Issue = Callable[[Object, str], str]
"""The token of an account for the Secret of this name."""


def is_token(secret: Object) -> bool:
    """Whether a Secret is to hold the token of an account."""
    return secret.get("type") == TYPE


def plan(secret: Object, account: Object | None, certificate: str, issue: Issue) -> tuple[Intent, ...]:
    """Fill a Secret, put it right, or delete it.

    Args:
        secret: It.
        account: The account that it names, read live; None if there is none.
        certificate: The cluster's authority (PEM); empty for none.
        issue: Makes a token.
    """
    metadata = secret["metadata"]
    annotations = metadata.get("annotations") or {}
    uid = annotations.get(UID)
    if account is None or (uid and uid != account["metadata"]["uid"]):
        version = metadata["resourceVersion"]
        return (
            DeleteObject(
                SECRETS, metadata["namespace"], metadata["name"], metadata["uid"], resource_version=version
            ),
        )
    data = dict(secret.get("data") or {})
    wanted = {"ca.crt": _encode(certificate)} if certificate else {}
    wanted["namespace"] = _encode(metadata["namespace"])
    data |= wanted
    if not data.get("token"):
        data["token"] = _encode(issue(account, metadata["name"]))
    marks = {**annotations, UID: account["metadata"]["uid"]}
    if data == (secret.get("data") or {}) and marks == annotations:
        return ()
    return (UpdateObject(SECRETS, {**secret, "metadata": {**metadata, "annotations": marks}, "data": data}),)


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class TokensController(Reconciler):
    """Fills the Secrets."""

    name = "legacy-serviceaccount-token-controller"
    component = "serviceaccount-token-controller"

    def __init__(self, environment: Environment, certificate: str, issue: Issue) -> None:
        super().__init__(environment)
        self._certificate = certificate
        self._issue = issue
        self._secrets = self.informer(SECRETS)
        self._accounts = self.informer(SERVICEACCOUNTS)
        self._secrets.add_index("account", _account_of)

    def watches(self) -> Sequence[Watch]:
        """Such Secrets, and accounts that are deleted."""
        return Watch(SECRETS, _secret_keys), Watch(SERVICEACCOUNTS, self._account_keys)

    def sync(self, key: str) -> Steps:
        """One Secret."""
        namespace, _, name = key.partition("/")
        secret = self._secrets.get(namespace, name)
        if secret is None or not is_token(secret) or "deletionTimestamp" in secret["metadata"]:
            return
        account_name = (secret["metadata"].get("annotations") or {}).get(NAME) or ""
        account = self._accounts.get(namespace, account_name)
        if account is None:  # it may be newer than what was seen of it
            [found] = yield (ReadObject(SERVICEACCOUNTS, namespace, account_name),)
            if found.error is not None:
                return
            account = found.object
        yield plan(secret, account, self._certificate, self._issue)

    def _account_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if new is not None or old is None:
            return ()
        metadata = old["metadata"]
        secrets = self._secrets.by_index("account", f"{metadata['namespace']}/{metadata['name']}")
        return [f"{each['metadata']['namespace']}/{each['metadata']['name']}" for each in secrets]


def _account_of(secret: Object) -> Iterable[str]:
    if not is_token(secret):
        return ()
    metadata = secret["metadata"]
    return (f"{metadata['namespace']}/{(metadata.get('annotations') or {}).get(NAME) or ''}",)


def _secret_keys(_old: Object | None, new: Object | None) -> Iterable[str]:
    if new is None or not is_token(new):
        return ()
    return (f"{new['metadata']['namespace']}/{new['metadata']['name']}",)
