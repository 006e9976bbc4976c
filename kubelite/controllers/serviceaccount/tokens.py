"""Secrets of the type `service-account-token` get the token of their account, and go when that goes.

When such a Secret is gone, its account refers to it no more.

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
    if not is_of(secret, account):
        version = metadata["resourceVersion"]
        return (
            DeleteObject(
                SECRETS, metadata["namespace"], metadata["name"], metadata["uid"], resource_version=version
            ),
        )
    assert account is not None
    present = secret.get("data") or {}
    data = {**present, "ca.crt": _encode(certificate)} if certificate else dict(present)
    if not data.get("namespace"):
        data["namespace"] = _encode(metadata["namespace"])
    if not data.get("token"):
        data["token"] = _encode(issue(account, metadata["name"]))
    if data == present:
        return ()
    marks = {**annotations, UID: account["metadata"]["uid"]}
    return (UpdateObject(SECRETS, {**secret, "metadata": {**metadata, "annotations": marks}, "data": data}),)


def is_of(secret: Object, account: Object | None) -> bool:
    """Whether an account is the one that a Secret means: that of its uid, if it names one."""
    uid = (secret["metadata"].get("annotations") or {}).get(UID)
    return account is not None and (not uid or uid == account["metadata"]["uid"])


def refers_to(account: Object, name: str) -> bool:
    """Whether an account lists a Secret."""
    return any(each.get("name") == name for each in account.get("secrets") or ())


def plan_reference(account: Object, name: str) -> tuple[Intent, ...]:
    """Take a Secret that is gone off the list of its account."""
    if not refers_to(account, name):
        return ()
    kept = [each for each in account["secrets"] if each.get("name") != name]
    rest = {key: value for key, value in account.items() if key != "secrets"}
    return (UpdateObject(SERVICEACCOUNTS, {**rest, "secrets": kept} if kept else rest),)


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
        self._secrets.add_index("account", _account_keys)

    def watches(self) -> Sequence[Watch]:
        """Such Secrets, also when they are gone, and accounts that are deleted."""
        return Watch(SECRETS, _secret_keys), Watch(SERVICEACCOUNTS, self._account_keys)

    def sync(self, key: str) -> Steps:
        """One Secret, or the account of one that is gone."""
        namespace, name, *gone = key.split("/")
        if gone:
            yield from self._sync_account(namespace, name, *gone)
            return
        secret = self._secrets.get(namespace, name)
        if secret is None or not is_token(secret) or "deletionTimestamp" in secret["metadata"]:
            return
        account_name = account_of(secret)
        account = self._accounts.get(namespace, account_name)
        if not is_of(secret, account):  # it may be newer than what was seen of it
            [found] = yield (ReadObject(SERVICEACCOUNTS, namespace, account_name),)
            if found.error is not None:
                return
            account = found.object
        yield plan(secret, account, self._certificate, self._issue)

    def _sync_account(self, namespace: str, secret: str, name: str, uid: str) -> Steps:
        account = self._accounts.get(namespace, name)
        if account is None or not refers_to(account, secret):
            return
        [found] = yield (ReadObject(SERVICEACCOUNTS, namespace, name),)
        if found.object is not None and uid in {"", found.object["metadata"]["uid"]}:
            yield plan_reference(found.object, secret)

    def _account_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        if new is not None or old is None:
            return ()
        metadata = old["metadata"]
        secrets = self._secrets.by_index("account", f"{metadata['namespace']}/{metadata['name']}")
        return [f"{each['metadata']['namespace']}/{each['metadata']['name']}" for each in secrets]


def account_of(secret: Object) -> str:
    """The name of the account whose token a Secret holds."""
    name: str = (secret["metadata"].get("annotations") or {}).get(NAME) or ""
    return name


def _account_keys(secret: Object) -> Iterable[str]:
    return (f"{secret['metadata']['namespace']}/{account_of(secret)}",) if is_token(secret) else ()


def _secret_keys(old: Object | None, new: Object | None) -> Iterable[str]:
    secret = new or old
    if secret is None or not is_token(secret):
        return ()
    metadata = secret["metadata"]
    key = f"{metadata['namespace']}/{metadata['name']}"
    if new is not None:
        return (key,)
    return (f"{key}/{account_of(secret)}/{(metadata.get('annotations') or {}).get(UID) or ''}",)
