"""The errors that a real server answers with, by their code: what a fault plan refuses a request with.

Source: k8s.io/apimachinery/pkg/api/errors; k8s.io/apiserver/pkg/storage/etcd3 (what storage answers).
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.apimachinery.apierrors import (
    AlreadyExists,
    APIError,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    ServiceUnavailable,
    Timeout,
    TooManyRequests,
    Unauthorized,
    from_status,
    unexpected,
)
from kubelite.apimachinery.scheme import Resource
from kubelite.client.faultplans import Asked, Refuse
from kubelite.client.requests import UserInfo
from kubelite.master.apiserver.authorization import path_refusal, refusal
from kubelite.master.apiserver.reads import LIST_TOO_OLD

MODIFIED: Final = (
    "the object has been modified; please apply your changes to the latest version and try again"
)
RETRY_AFTER_S: Final = 1
_TEXTS: Final = {
    400: "the server rejected our request for an unknown reason",
    405: "the server does not allow this method on the requested resource",
    406: "the server was unable to respond with a content type that the client supports",
    413: "Request entity too large: limit is 3145728",
    415: "the server was unable to parse the request: unsupported media type",
    502: "the server was unable to reach its backend",
}
"""What the rarer ones say."""


class ConnectionLost(ServiceUnavailable):
    """There is no answer: over HTTP the connection breaks, in this process it is this."""

    is_connection_lost = True

    def __init__(self) -> None:
        super().__init__("the connection to the API server was lost")


def error_of(effect: Refuse, asked: Asked, user: UserInfo, revision: int) -> APIError:
    """What a request is refused with.

    Args:
        effect: The code, and what the plan says otherwise.
        asked: The request.
        user: Whose it is.
        revision: The newest of the store.
    """
    made = _usual(effect.code, asked, user, revision)
    if not effect.message and not effect.reason and effect.retry_after_s is None:
        return made
    status = made.status()
    details: dict[str, Any] = dict(status.get("details") or {})
    if effect.retry_after_s is not None:
        details.pop("retryAfterSeconds", None)
        if effect.retry_after_s:
            details["retryAfterSeconds"] = effect.retry_after_s
    status["details"] = details
    if effect.reason:
        status["reason"] = effect.reason
        if effect.reason == AlreadyExists.reason and not effect.message and asked.resource is not None:
            status["message"] = AlreadyExists(asked.resource, asked.name).message
    if effect.message:
        status["message"] = effect.message
    return from_status(status)


def _usual(code: int, asked: Asked, user: UserInfo, revision: int) -> APIError:
    resource: Resource | str = "" if asked.resource is None else asked.resource
    match code:
        case 401:
            return Unauthorized()
        case 403 if isinstance(resource, Resource):
            why = refusal(user, asked.verb, resource, asked.subresource, asked.namespace)
            return Forbidden(why, resource=resource, name=asked.name)
        case 403:
            return Forbidden(path_refusal(user, asked.verb, asked.path), details={})
        case 404:
            return NotFound(resource, asked.name) if asked.name else NotFound.path()
        case 409 if asked.verb == "create" and not asked.subresource:
            return AlreadyExists(resource, asked.name)
        case 409:
            return Conflict(resource, asked.name, MODIFIED)
        case 410 if asked.verb == "watch":
            return expired_watch(revision)
        case 410:
            return Expired(LIST_TOO_OLD)
        case 422 if isinstance(resource, Resource):
            return Invalid(resource, asked.name, ())
        case 429:
            return TooManyRequests("Too many requests, please try again later.", retry_after_s=RETRY_AFTER_S)
        case 500:
            return unexpected("etcdserver: leader changed")
        case 503:
            return ServiceUnavailable("the server is currently unable to handle the request")
        case 504:
            return Timeout("Timeout: request did not complete within the allotted timeout", details={})
    return from_status({"code": code, "message": _TEXTS.get(code, f"unknown error (code {code})")})


def expired_watch(revision: int) -> Expired:
    """The version that a watch goes on from is not kept any more."""
    return Expired(f"too old resource version: {revision} ({revision + 1})")
