"""Tokens without an end that nobody uses any more: they are marked as invalid, and a year later deleted.

Only Secrets that their account lists are meant, as Kubernetes once made them for each account; those that
somebody made by hand stay. Nothing happens before their use has been recorded for a year.

Source: k8s.io/kubernetes/pkg/controller/serviceaccount/legacy_serviceaccount_token_cleaner.go.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

from kubelite.api.podsecrets import secret_names
from kubelite.api.resources import CONFIGMAPS, PODS, SECRETS, SERVICEACCOUNTS
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.controllers.serviceaccount.tokens import account_of, is_of, is_token, refers_to
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import DeleteObject, Intent, PatchObject, ReadObject, RequeueAfter, Steps

TRACKING: Final = "kube-apiserver-legacy-service-account-token-tracking"
LAST_USED: Final = "kubernetes.io/legacy-token-last-used"
INVALID_SINCE: Final = "kubernetes.io/legacy-token-invalid-since"
PERIOD_S: Final = 24 * 3600.0
UNUSED_S: Final = 365 * 24 * 3600.0


def day_of(time: float) -> str:
    """The day of a time in Unix seconds, as labels write it."""
    return format_time(time).partition("T")[0]


def is_day(text: str) -> bool:
    """Whether a label says a day."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_unused(secret: Object, now: float, unused_s: float = UNUSED_S) -> bool:
    """Whether a Secret is old, and its token was not used for long."""
    metadata = secret["metadata"]
    if "deletionTimestamp" in metadata or parse_time(metadata["creationTimestamp"]) >= now - unused_s:
        return False
    last_used = (metadata.get("labels") or {}).get(LAST_USED)
    return last_used is None or (is_day(last_used) and last_used < day_of(now - unused_s))


def plan(secret: Object, now: float, unused_s: float = UNUSED_S) -> tuple[Intent, ...]:
    """Mark an unused token as invalid, or delete it once it was so for long."""
    metadata = secret["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    since = (metadata.get("labels") or {}).get(INVALID_SINCE) or ""
    if not is_day(since):
        patch = {"metadata": {"uid": metadata["uid"], "labels": {INVALID_SINCE: day_of(now)}}}
        return (PatchObject(SECRETS, namespace, name, patch),)
    if since >= day_of(now - unused_s):
        return ()
    return (DeleteObject(SECRETS, namespace, name, resource_version=metadata["resourceVersion"]),)


def tracked_for_long(tracking: Object | None, now: float, unused_s: float) -> bool:
    """Whether the use of tokens has been recorded for so long that one without a record is unused."""
    since = ((tracking or {}).get("data") or {}).get("since") or ""
    return is_day(since) and now >= parse_time(f"{since}T00:00:00Z") + PERIOD_S + unused_s


class TokenCleaner(Reconciler):
    """One key: everything.

    Args:
        environment: What controllers are given.
        unused_s: How long a token has to be unused, and then how long to be invalid.
    """

    name = "legacy-serviceaccount-token-cleaner-controller"
    workers = 1

    def __init__(self, environment: Environment, *, unused_s: float = UNUSED_S) -> None:
        super().__init__(environment)
        self._unused_s = unused_s
        self._secrets = self.informer(SECRETS)
        self._accounts = self.informer(SERVICEACCOUNTS)
        self._pods = self.informer(PODS)

    def watches(self) -> Sequence[Watch]:
        """Nothing wakes it, it looks once a day; but it has to know who uses what."""
        return Watch(SECRETS), Watch(SERVICEACCOUNTS), Watch(PODS)

    def first_keys(self) -> Iterable[str]:
        """The one key."""
        return ("secrets",)

    def sync(self, key: str) -> Steps:
        """One round."""
        now = self.clock.now()
        [found] = yield (ReadObject(CONFIGMAPS, "kube-system", TRACKING),)
        if tracked_for_long(found.object, now, self._unused_s):
            for secret in self._secrets.list():
                if self._may_go(secret, now):
                    yield plan(secret, now, self._unused_s)
        yield (RequeueAfter(PERIOD_S),)

    def _may_go(self, secret: Object, now: float) -> bool:
        if not is_token(secret) or not is_unused(secret, now, self._unused_s):
            return False
        return self._is_made_for_account(secret) and not self._is_in_use(secret)

    def _is_in_use(self, secret: Object) -> bool:
        name = secret["metadata"]["name"]
        pods = self._pods.list(secret["metadata"]["namespace"])
        return any(name in secret_names(pod["spec"]) for pod in pods)

    def _is_made_for_account(self, secret: Object) -> bool:
        metadata = secret["metadata"]
        account = self._accounts.get(metadata["namespace"], account_of(secret))
        return account is not None and is_of(secret, account) and refers_to(account, metadata["name"])
