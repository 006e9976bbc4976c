"""The closed family of errors that the API answers with; each knows its HTTP code, reason and `Status` body.

Source: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
(response status kind); the texts are those of k8s.io/apimachinery/pkg/api/errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Object, Resource

Details = Mapping[str, Any]


def _details(resource: Resource | str | None, name: str = "", **more: Any) -> dict[str, Any]:
    """`details` of a Status: name, group and the plural as kind, as far as they are known."""
    made: dict[str, Any] = {}
    if name:
        made["name"] = name
    if isinstance(resource, Resource):
        if resource.group:
            made["group"] = resource.group
        made["kind"] = resource.plural
    elif resource:
        plural, _, group = resource.partition(".")
        if group:
            made["group"] = group
        made["kind"] = plural
    made.update(more)
    return made


def _group_resource(resource: Resource | str) -> str:
    return resource.group_resource if isinstance(resource, Resource) else resource


class APIError(Exception):
    """An answer of the API server which is not a success.

    Attributes:
        code: HTTP status code.
        reason: Machine-readable reason, as `NotFound`.
        message: For people.
        details: Name, group, kind, causes, retryAfterSeconds; None for none.
        warnings: What the client is told besides.
        is_connection_lost: Whether there is no answer at all: over HTTP the connection breaks.
    """

    code: int = 500
    reason: str = "InternalError"
    warnings: tuple[str, ...] = ()
    is_connection_lost = False
    _by_reason: ClassVar[dict[str, type[APIError]]] = {}

    def __init__(self, message: str, *, details: Details | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        APIError._by_reason.setdefault(cls.reason, cls)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def status(self) -> Object:
        """The body of the answer."""
        body: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = dict(self.details)
        body["code"] = self.code
        return body

    @property
    def retry_after_s(self) -> int | None:
        """After how many seconds the server asks to try again."""
        seconds = (self.details or {}).get("retryAfterSeconds")
        return int(seconds) if seconds else None


class BadRequest(APIError):  # noqa: N818 - Kubernetes' reasons are the names
    """The request itself is wrong."""

    code, reason = 400, "BadRequest"


class Unauthorized(APIError):  # noqa: N818
    """The client's credentials are not accepted."""

    code, reason = 401, "Unauthorized"

    def __init__(self, message: str = "Unauthorized", *, details: Details | None = None) -> None:
        super().__init__(message, details=details)


class Forbidden(APIError):  # noqa: N818
    """The client may not do this; with a resource the text is `pods "x" is forbidden: why`."""

    code, reason = 403, "Forbidden"

    def __init__(
        self,
        message: str,
        *,
        resource: Resource | str | None = None,
        name: str = "",
        details: Details | None = None,
    ) -> None:
        if resource is not None:
            what = f'{_group_resource(resource)} "{name}"' if name else _group_resource(resource)
            message = f"{what} is forbidden: {message}"
            details = {**_details(resource, name), **(details or {})}
        super().__init__(message, details=details)


class NotFound(APIError):  # noqa: N818
    """There is no such object."""

    code, reason = 404, "NotFound"

    def __init__(self, resource: Resource | str, name: str = "", *, message: str = "") -> None:
        details = _details(resource, name)
        super().__init__(message or f'{_group_resource(resource)} "{name}" not found', details=details)

    @classmethod
    def path(cls) -> NotFound:
        """There is no such resource at all."""
        error = cls("", message="the server could not find the requested resource")
        error.details = {}
        return error


class MethodNotAllowed(APIError):  # noqa: N818
    """The resource does not know the verb."""

    code, reason = 405, "MethodNotAllowed"

    def __init__(
        self,
        message: str = "the server does not allow this method on the requested resource",
        *,
        details: Details | None = None,
    ) -> None:
        super().__init__(message, details={} if details is None else details)


class NotAcceptable(APIError):  # noqa: N818
    """None of the media types that the client accepts can be given."""

    code, reason = 406, "NotAcceptable"


class AlreadyExists(APIError):  # noqa: N818
    """An object of that name exists."""

    code, reason = 409, "AlreadyExists"

    def __init__(self, resource: Resource | str, name: str, *, message: str = "") -> None:
        super().__init__(
            message or f'{_group_resource(resource)} "{name}" already exists',
            details=_details(resource, name),
        )


class Conflict(APIError):  # noqa: N818
    """The object is not what the client thought; the text says why."""

    code, reason = 409, "Conflict"

    def __init__(
        self, resource: Resource | str, name: str, why: str, *, causes: Sequence[Object] = ()
    ) -> None:
        more = {"causes": list(causes)} if causes else {}
        super().__init__(
            f'Operation cannot be fulfilled on {_group_resource(resource)} "{name}": {why}',
            details=_details(resource, name, **more),
        )


class ApplyConflict(Conflict):
    """What is applied meets fields of other managers; each is a cause."""

    def __init__(self, message: str, causes: Sequence[Object]) -> None:
        APIError.__init__(self, message, details={"causes": list(causes)})


class Gone(APIError):  # noqa: N818
    """What was asked for is no longer there."""

    code, reason = 410, "Gone"


class Expired(APIError):  # noqa: N818
    """The version asked for is no longer kept."""

    code, reason = 410, "Expired"


class RequestEntityTooLarge(APIError):  # noqa: N818
    """The body is too large."""

    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(APIError):  # noqa: N818
    """The body's media type is not understood."""

    code, reason = 415, "UnsupportedMediaType"


class Invalid(APIError):  # noqa: N818
    """The object is understood but wrong; each wrong field is a cause."""

    code, reason = 422, "Invalid"

    def __init__(
        self, resource: Resource | str, name: str, errors: Iterable[FieldError], *, message: str = ""
    ) -> None:
        found = list(errors)
        if isinstance(resource, Resource):
            kind, group = resource.kind, resource.group
        else:
            kind, _, group = resource.partition(".")
        texts = list(dict.fromkeys(map(str, found)))
        listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        details: dict[str, Any] = {"name": name} if name else {}
        if group:
            details["group"] = group
        if kind:
            details["kind"] = kind
        if found:
            details["causes"] = [each.cause() for each in found]
        qualified = f"{kind}.{group}" if group else kind
        why = f": {listed}" if texts else ""
        super().__init__(message or f'{qualified} "{name}" is invalid{why}', details=details)
        self.errors: list[FieldError] = list(found)


class TooManyRequests(APIError):  # noqa: N818
    """Try again later."""

    code, reason = 429, "TooManyRequests"

    def __init__(self, message: str, *, retry_after_s: int = 0, details: Details | None = None) -> None:
        made = dict(details or {})
        if retry_after_s:
            made["retryAfterSeconds"] = retry_after_s
        super().__init__(message, details=made)


class InternalError(APIError):
    """Something broke; the text is the cause's, behind Kubernetes' words for it."""

    code, reason = 500, "InternalError"

    def __init__(self, message: str, *, details: Details | None = None) -> None:
        causes = {"causes": [{"message": message}]}
        super().__init__(
            f"Internal error occurred: {message}", details=causes if details is None else details
        )


class ServiceUnavailable(APIError):  # noqa: N818
    """Not now."""

    code, reason = 503, "ServiceUnavailable"


class Timeout(APIError):  # noqa: N818
    """The server could not finish in time."""

    code, reason = 504, "Timeout"


def unexpected(message: str) -> APIError:
    """An error that Kubernetes lets through as it is: code 500 without a reason."""
    error = APIError(message)
    error.reason = ""
    return error


def from_status(status: Mapping[str, Any]) -> APIError:
    """The error which a `Status` stands for, by its reason, or else by its code."""
    reason, code = status.get("reason") or "", int(status.get("code") or 500)
    family = APIError._by_reason  # noqa: SLF001 - the family's own table
    # Of those with one code, the last: a 409 that gives no reason is a conflict.
    by_code = {each.code: each for each in family.values()}
    cls = family.get(reason) or by_code.get(code, APIError)
    error = cls.__new__(cls)
    APIError.__init__(error, status.get("message") or "", details=status.get("details"))
    error.code, error.reason = code, reason
    if isinstance(error, Invalid):
        error.errors = []
    return error
