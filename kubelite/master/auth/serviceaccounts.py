"""Tokens of service accounts: issued for an audience and bound to objects, valid while those exist.

Source: k8s.io/kubernetes/pkg/serviceaccount (claims.go, jwt.go); k8s.io/apiserver/pkg/authentication.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import attrs

from kubelite.api.resources import NODES, PODS, SECRETS, SERVICEACCOUNTS
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.client.requests import SYSTEM_AUTHENTICATED, UserInfo
from kubelite.master.auth.jwt import TokenKey, issuer_of
from kubelite.master.store.store import Store

ISSUER: Final = "https://kubernetes.default.svc"
API_AUDIENCES: Final = (ISSUER,)
ACCOUNT_PREFIX: Final = "system:serviceaccount:"
ACCOUNTS_GROUP: Final = "system:serviceaccounts"
LEEWAY_S: Final = 60.0
"""Clocks may differ by so much; what was deleted less long ago still counts as there."""

CREDENTIAL_ID: Final = "authentication.kubernetes.io/credential-id"
POD_NAME: Final = "authentication.kubernetes.io/pod-name"
POD_UID: Final = "authentication.kubernetes.io/pod-uid"
NODE_NAME: Final = "authentication.kubernetes.io/node-name"
NODE_UID: Final = "authentication.kubernetes.io/node-uid"
_LEGACY_ISSUER: Final = "kubernetes/serviceaccount"
_LEGACY_PREFIX: Final = "kubernetes.io/serviceaccount/"
LAST_USED: Final = "kubernetes.io/legacy-token-last-used"
INVALID_SINCE: Final = "kubernetes.io/legacy-token-invalid-since"
INVALIDATED: Final = "service account token has been invalidated"


class InvalidTokenError(Exception):
    """A token of this cluster that is not good (any more); the text says why."""


class Authenticated(NamedTuple):
    """Whom a token stands for, and which of the audiences asked for it is meant for."""

    user: UserInfo
    audiences: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Bound:
    """The objects that a token is bound to: each a reference of name and uid; None for none."""

    pod: Object | None = None
    secret: Object | None = None
    node: Object | None = None


def account_user(
    namespace: str, name: str, uid: str = "", extra: Mapping[str, tuple[str, ...]] | None = None
) -> UserInfo:
    """A service account as a user."""
    groups = (ACCOUNTS_GROUP, f"{ACCOUNTS_GROUP}:{namespace}", SYSTEM_AUTHENTICATED)
    return UserInfo(f"{ACCOUNT_PREFIX}{namespace}:{name}", groups, uid, dict(extra or {}))


def _go_list(texts: Sequence[str]) -> str:
    """A list of texts as Go prints it with %q."""
    return "[" + " ".join(json.dumps(text) for text in texts) + "]"


class ServiceAccountTokens:
    """Issues tokens, and says whose they are.

    Args:
        key: Signs them; it outlives restarts of the API server.
        store: Where accounts and the objects that tokens are bound to are looked up.
        now: The time in Unix seconds.
    """

    def __init__(self, key: TokenKey, store: Store, now: Callable[[], float]) -> None:
        self._key = key
        self._store = store
        self._now = now
        self.on_used: Callable[[Object, str], None] | None = None
        """Is told the first time each day that the token of a Secret is used: the Secret, and the day."""

    def __repr__(self) -> str:
        return f"<ServiceAccountTokens {self._key!r}>"

    def issue(
        self,
        account: Object,
        *,
        audiences: Sequence[str],
        expiration_s: int,
        token_id: str,
        bound: Bound | None = None,
        warn_after_s: int = 0,
    ) -> str:
        """A token of an account.

        Args:
            account: The ServiceAccount.
            audiences: For whom it is.
            expiration_s: How long it is valid.
            token_id: Its unique name.
            bound: What it is bound to.
            warn_after_s: After so many seconds its use is noted; 0 for never.
        """
        now = int(self._now())
        metadata = account["metadata"]
        bound = bound or Bound()
        private: Object = {"namespace": metadata["namespace"]}
        for name, reference in (("node", bound.node), ("pod", bound.pod), ("secret", bound.secret)):
            if reference is not None:
                private[name] = reference
        private["serviceaccount"] = {"name": metadata["name"], "uid": metadata["uid"]}
        if warn_after_s:
            private["warnafter"] = now + warn_after_s
        return self._key.sign({
            "aud": list(audiences),
            "exp": now + expiration_s,
            "iat": now,
            "iss": ISSUER,
            "jti": token_id,
            "kubernetes.io": private,
            "nbf": now,
            "sub": f"{ACCOUNT_PREFIX}{metadata['namespace']}:{metadata['name']}",
        })  # fmt: skip

    def issue_legacy(self, account: Object, secret: str) -> str:
        """The token of a Secret, which is valid as long as that exists."""
        metadata = account["metadata"]
        return self._key.sign({
            "iss": _LEGACY_ISSUER,
            f"{_LEGACY_PREFIX}namespace": metadata["namespace"],
            f"{_LEGACY_PREFIX}secret.name": secret,
            f"{_LEGACY_PREFIX}service-account.name": metadata["name"],
            f"{_LEGACY_PREFIX}service-account.uid": metadata["uid"],
            "sub": f"{ACCOUNT_PREFIX}{metadata['namespace']}:{metadata['name']}",
        })  # fmt: skip

    def authenticate(self, token: str, audiences: Sequence[str] = API_AUDIENCES) -> Authenticated | None:
        """Whom a token stands for; None if this cluster has not issued it.

        Raises:
            InvalidTokenError: It has, but the token is not good (any more), or for others.
        """
        issuer = issuer_of(token)
        if issuer not in {ISSUER, _LEGACY_ISSUER}:
            return None
        claims = self._key.verify(token)
        if claims is None:
            return None
        given = tuple(claims.get("aud") or API_AUDIENCES)
        common = tuple(audience for audience in given if audience in audiences)
        if not common:
            raise InvalidTokenError(
                f"token audiences {_go_list(given)} is invalid for the target audiences {_go_list(audiences)}"
            )
        user = self._legacy_user(claims, token) if issuer == _LEGACY_ISSUER else self._user(claims)
        return Authenticated(user, common)

    def _user(self, claims: Mapping[str, Any]) -> UserInfo:
        now = self._now()
        if now - LEEWAY_S > claims["exp"]:
            raise InvalidTokenError("service account token has expired")
        if now + LEEWAY_S < claims["nbf"]:
            raise InvalidTokenError("service account token is not valid yet")
        private = claims["kubernetes.io"]
        namespace, reference = private["namespace"], private["serviceaccount"]
        uid = self._check_account(namespace, reference["name"], reference["uid"])
        pod, node, secret = private.get("pod"), private.get("node"), private.get("secret")
        extra = {CREDENTIAL_ID: (f"JTI={claims['jti']}",)}
        if secret is not None:
            self._check_bound(SECRETS, namespace, secret, "secret")
        if pod is not None:
            self._check_bound(PODS, namespace, pod, "pod")
            extra |= {POD_NAME: (pod["name"],), POD_UID: (pod["uid"],)}
        if node is not None:
            if pod is None:
                self._check_bound(NODES, "", node, "node")
            extra[NODE_NAME] = (node["name"],)
            if node.get("uid"):
                extra[NODE_UID] = (node["uid"],)
        return account_user(namespace, reference["name"], uid, extra)

    def _check_account(self, namespace: str, name: str, uid: str) -> str:
        entry = self._store.get(SERVICEACCOUNTS, namespace, name)
        if entry is None:
            raise InvalidTokenError(f'serviceaccounts "{name}" not found')
        metadata = entry.object["metadata"]
        if self._is_deleted(metadata):
            raise InvalidTokenError(f"service account {namespace}/{name} has been deleted")
        found: str = metadata["uid"]
        if found != uid:
            raise InvalidTokenError(f"service account UID ({found}) does not match claim ({uid})")
        return found

    def _check_bound(self, resource: Resource, namespace: str, reference: Object, word: str) -> None:
        entry = self._store.get(resource, namespace, reference["name"])
        if entry is None or self._is_deleted(entry.object["metadata"]):
            raise InvalidTokenError(INVALIDATED)
        found = entry.object["metadata"]["uid"]
        if found != reference["uid"]:
            raise InvalidTokenError(
                f"{word} UID ({found}) does not match service account {word} ref claim ({reference['uid']})"
            )

    def _is_deleted(self, metadata: Object) -> bool:
        text = metadata.get("deletionTimestamp")
        return text is not None and parse_time(text) < self._now() - LEEWAY_S

    def _legacy_user(self, claims: Mapping[str, Any], token: str) -> UserInfo:
        namespace = claims[f"{_LEGACY_PREFIX}namespace"]
        name, uid = (
            claims[f"{_LEGACY_PREFIX}service-account.name"],
            claims[f"{_LEGACY_PREFIX}service-account.uid"],
        )
        entry = self._store.get(SECRETS, namespace, claims[f"{_LEGACY_PREFIX}secret.name"])
        if entry is None or entry.object["metadata"].get("deletionTimestamp"):
            raise InvalidTokenError(INVALIDATED)
        secret = entry.object
        if (secret.get("data") or {}).get("token") != base64.b64encode(token.encode()).decode():
            raise InvalidTokenError("service account token does not match server's copy")
        self._check_account(namespace, name, uid)
        self._note_use(secret)
        if (secret["metadata"].get("labels") or {}).get(INVALID_SINCE):
            where = f"secret {namespace}/{secret['metadata']['name']}"
            raise InvalidTokenError(
                f"the token in {where} for service account {namespace}/{name} has been marked invalid. Use "
                "tokens from the TokenRequest API or manually created secret-based tokens, or remove the "
                f"'{INVALID_SINCE}' label from the secret to "
                "temporarily allow use of this token"
            )
        return account_user(namespace, name, uid)

    def _note_use(self, secret: Object) -> None:
        """Have the day on which a Secret's token was used last written to it."""
        now = self._now()
        today, tomorrow = (format_time(time).partition("T")[0] for time in (now, now + 86400))
        last_used = (secret["metadata"].get("labels") or {}).get(LAST_USED)
        if self.on_used is not None and last_used not in {today, tomorrow}:
            self.on_used(secret, today)

    # --- discovery --------------------------------------------------------------------------------------

    def openid_configuration(self, base_url: str) -> Object:
        """What OpenID Connect clients ask first.

        Args:
            base_url: Where the API server is reached: `https://10.0.0.1:6443`.
        """
        return {
            "issuer": ISSUER,
            "jwks_uri": f"{base_url}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    def key_set(self) -> Object:
        """The keys by which tokens can be verified."""
        return {"keys": [self._key.public_jwk()]}
