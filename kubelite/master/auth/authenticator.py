"""Who is asking: a client certificate, a bearer token, or nobody; and on whose behalf.

A certificate that the TLS layer has verified names its user by common name and its groups by organizations. A
token that is not known is refused; a request that shows neither is `system:anonymous`.

Source: k8s.io/apiserver/pkg/authentication (union, x509, bearertoken),
pkg/endpoints/filters/impersonation.go.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from multidict import CIMultiDict, CIMultiDictProxy

from kubelite.apimachinery.apierrors import BadRequest, Forbidden, Unauthorized
from kubelite.apimachinery.utf8 import text_of_header
from kubelite.client.requests import (
    ANONYMOUS,
    SYSTEM_AUTHENTICATED,
    SYSTEM_MASTERS,
    SYSTEM_UNAUTHENTICATED,
    UserInfo,
)
from kubelite.master.auth.serviceaccounts import (
    API_AUDIENCES,
    Authenticated,
    InvalidTokenError,
    ServiceAccountTokens,
)

INVALID_TOKEN: Final = "invalid bearer token"  # noqa: S105 - words
_BEARER: Final = "bearer"
WEBSOCKET_TOKEN_PREFIX: Final = "base64url.bearer.authorization.k8s.io."  # noqa: S105 - a name, no secret
_ACCOUNT_PREFIX: Final = "system:serviceaccount:"
_IMPERSONATE: Final = "Impersonate-"
_EXTRA: Final = "impersonate-extra-"


class Authenticator:
    """Turns what a request shows into a user.

    Args:
        tokens: Bearer tokens and their users; only digests of the tokens are kept.
        accounts: Knows the tokens of service accounts; None if there are none.
    """

    def __init__(
        self, tokens: Mapping[str, UserInfo] | None = None, accounts: ServiceAccountTokens | None = None
    ) -> None:
        self._users = {_digest(token): user for token, user in (tokens or {}).items()}
        self._accounts = accounts

    @property
    def accounts(self) -> ServiceAccountTokens | None:
        """What knows the tokens of service accounts."""
        return self._accounts

    def __repr__(self) -> str:
        return f"<Authenticator {len(self._users)} tokens>"

    def add_token(self, token: str, user: UserInfo) -> None:
        """Accept a token from now on."""
        self._users[_digest(token)] = user

    def remove_token(self, token: str) -> None:
        """Accept a token no longer; nothing happens if it is not known."""
        self._users.pop(_digest(token), None)

    def authenticate(self, authorization: str, certificate: Mapping[str, Any] | None) -> UserInfo:
        """The user of a request.

        Args:
            authorization: The `Authorization` header; empty for none.
            certificate: The verified peer certificate as `ssl` gives it; None for none.

        Raises:
            Unauthorized: The token is not known.
        """
        if certificate:
            user = user_of_certificate(certificate)
            if user is not None:
                return user
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != _BEARER or not token:
            return ANONYMOUS
        known = self._users.get(_digest(token))
        if known is not None:
            return known
        try:
            return self.review(token).user
        except InvalidTokenError as error:
            raise Unauthorized from error

    def review(self, token: str, audiences: Sequence[str] = API_AUDIENCES) -> Authenticated:
        """Whose a token is.

        Args:
            token: The token.
            audiences: For whom it has to be; one of them is enough.

        Raises:
            InvalidTokenError: It is not known, not good any more, or for others.
        """
        found = self._users.get(_digest(token))
        if found is not None:
            common = tuple(audience for audience in API_AUDIENCES if audience in audiences)
            if common:
                return Authenticated(found, common)
        try:
            account = self._accounts.authenticate(token, audiences) if self._accounts is not None else None
        except InvalidTokenError as error:
            raise InvalidTokenError(f"[{INVALID_TOKEN}, {error}]") from error
        if account is None:
            raise InvalidTokenError(INVALID_TOKEN)
        return account


def user_of_certificate(certificate: Mapping[str, Any]) -> UserInfo | None:
    """The user that a certificate's subject names; None if it has no common name."""
    names: dict[str, list[str]] = {}
    for relative in certificate.get("subject", ()):
        for key, value in relative:
            names.setdefault(key, []).append(value)
    common_names = names.get("commonName", [])
    if not common_names:
        return None
    groups = (*names.get("organizationName", ()), SYSTEM_AUTHENTICATED)
    return UserInfo(common_names[0], tuple(dict.fromkeys(groups)))


def impersonated(user: UserInfo, headers: CIMultiDictProxy[str] | CIMultiDict[str]) -> UserInfo:
    """The user on whose behalf a request is made: `user`, or who the `Impersonate-` headers name.

    Raises:
        BadRequest: Groups, uid or extra facts without a user.
        Forbidden: This user may not act for others.
    """
    name = text_of_header(headers.get(_IMPERSONATE + "User", ""))
    groups = tuple(text_of_header(each) for each in headers.getall(_IMPERSONATE + "Group", ()))
    uid = text_of_header(headers.get(_IMPERSONATE + "Uid", ""))
    extra: dict[str, tuple[str, ...]] = {}
    for key, value in headers.items():
        if key.lower().startswith(_EXTRA):
            fact = unquote(key[len(_EXTRA) :].lower())
            extra[fact] = (*extra.get(fact, ()), text_of_header(value))
    if not name:
        if groups or uid or extra:
            raise BadRequest(f"requested {_go_user(uid, groups, extra)} without impersonating a user name")
        return user
    if SYSTEM_MASTERS not in user.groups:
        what = "serviceaccounts" if name.startswith(_ACCOUNT_PREFIX) else "users"
        why = f'User "{user.name}" cannot impersonate resource "{what}" in API group "" at the cluster scope'
        raise Forbidden(why, resource=what, name=name)
    return UserInfo(name, _groups_of(name, groups), uid, extra)


def _groups_of(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """The groups that an impersonated user has besides those asked for."""
    if name == ANONYMOUS.name:
        return tuple(dict.fromkeys((*groups, SYSTEM_UNAUTHENTICATED)))
    if name.startswith(_ACCOUNT_PREFIX) and not groups:
        namespace = name.removeprefix(_ACCOUNT_PREFIX).partition(":")[0]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    if SYSTEM_UNAUTHENTICATED in groups:
        return groups
    return tuple(dict.fromkeys((*groups, SYSTEM_AUTHENTICATED)))


def _go_user(uid: str, groups: Sequence[str], extra: Mapping[str, Sequence[str]]) -> str:
    """A user as Go prints it, for the one message that shows it."""
    listed = "{" + ", ".join(f'"{group}"' for group in groups) + "}" if groups else "(nil)"
    facts = (
        "{" + ", ".join(f'"{key}":[]string{{"{", ".join(values)}"}}' for key, values in extra.items()) + "}"
        if extra
        else "(nil)"
    )
    return (
        f'&user.DefaultInfo{{Name:"", UID:"{uid}", Groups:[]string{listed}, '
        f"Extra:map[string][]string{facts}}}"
    )


def _digest(token: str) -> bytes:
    """What is kept of a token: finding it takes the same time whatever is shown."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def websocket_token(protocols: str) -> str:
    """The bearer token among the subprotocols of a websocket, where browsers put it; empty if there is none.

    Source: k8s.io/apiserver/pkg/authentication/request/websocket/protocol.go.
    """
    for each in protocols.split(","):
        name = each.strip()
        if name.startswith(WEBSOCKET_TOKEN_PREFIX):
            encoded = name.removeprefix(WEBSOCKET_TOKEN_PREFIX)
            try:
                return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
            except ValueError:
                return ""
    return ""
