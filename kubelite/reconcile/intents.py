"""What a controller wants done: values, made by pure plans and carried out by the executor.

Every intent gets one `Outcome`. An error is a value in it; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object, Resource

PatchType = Literal["json", "merge", "strategic", "apply"]


class ReadObject(NamedTuple):
    """Read an object live, or a subresource of it.

    That there is none is an answer (`Outcome.object` is None), not an error.
    """

    resource: Resource
    namespace: str | None
    name: str
    subresource: str = ""


class CountObjects(NamedTuple):
    """List a namespace's objects of one kind live; the outcome has the list under `items`."""

    resource: Resource
    namespace: str | None


class CreateObject(NamedTuple):
    """Create an object in the namespace of its metadata.

    Attributes:
        exists_ok: That there is one of that name already is no failure.
    """

    resource: Resource
    object: Object
    exists_ok: bool = False


class UpdateObject(NamedTuple):
    """Replace an object, or with `subresource` a part of it, while its resourceVersion is current."""

    resource: Resource
    object: Object
    subresource: str = ""


class UpdateStatus(NamedTuple):
    """Replace an object's status."""

    resource: Resource
    object: Object


class PatchObject(NamedTuple):
    """Change an object by a patch; that it is gone is no failure.

    Attributes:
        field_manager: Who takes over the fields of an apply; empty for the controllers' own.
    """

    resource: Resource
    namespace: str | None
    name: str
    patch: Any
    patch_type: PatchType = "merge"
    subresource: str = ""
    field_manager: str = ""


class DeleteObject(NamedTuple):
    """Delete an object; that it is gone already is no failure.

    Attributes:
        uid: Only the object with this uid.
        resource_version: Only the object in this version.
        propagation_policy: What becomes of dependents; None for the kind's default.
        grace_period_s: Seconds; None for the object's own, 0 removes it at once.
    """

    resource: Resource
    namespace: str | None
    name: str
    uid: str | None = None
    resource_version: str | None = None
    propagation_policy: str | None = None
    grace_period_s: int | None = None


class DeleteCollection(NamedTuple):
    """Delete all objects of one kind in a namespace."""

    resource: Resource
    namespace: str | None


class RecordEvent(NamedTuple):
    """Tell the user, as an Event about `object`."""

    object: Object
    type: Literal["Normal", "Warning"]
    reason: str
    message: str


class RequeueAfter(NamedTuple):
    """Look at the same key again after `delay_s` seconds, even if nothing happens."""

    delay_s: float


class SlowStart(NamedTuple):
    """Carry out in batches of 1, 2, 4, …; a batch begins only if the one before had no error.

    What is not begun is `skipped`. So a thousand creations that a quota refuses cost one request.
    """

    intents: tuple[Intent, ...]


class Together(NamedTuple):
    """Carry out side by side, in no order that may be relied on."""

    intents: tuple[Intent, ...]


class InOrder(NamedTuple):
    """Carry out one after the other; after the first that has an error the rest is `skipped`."""

    intents: tuple[Intent, ...]


class IfAlive(NamedTuple):
    """Carry out `intents` only if a live read shows the object with this uid, not being deleted.

    If it is gone, was replaced or is being deleted, the intents are `skipped`.
    """

    resource: Resource
    namespace: str | None
    name: str
    uid: str
    intents: tuple[Intent, ...]


Intent: TypeAlias = (
    ReadObject
    | CountObjects
    | CreateObject
    | UpdateObject
    | UpdateStatus
    | PatchObject
    | DeleteObject
    | DeleteCollection
    | RecordEvent
    | RequeueAfter
    | SlowStart
    | Together
    | InOrder
    | IfAlive
)


class Outcome(NamedTuple):
    """What came of an intent.

    Attributes:
        object: The answer, if there was one.
        items: For `CountObjects`.
        error: Why it failed, or None.
        ignored: The error is one that trying again does not help against, or which says "done already".
        skipped: It was not tried at all.
    """

    intent: Intent
    object: Object | None = None
    items: tuple[Object, ...] = ()
    error: APIError | None = None
    ignored: bool = False
    skipped: bool = False

    @property
    def failed(self) -> bool:
        """It was tried, and should be tried again."""
        return self.error is not None and not self.ignored


Outcomes: TypeAlias = tuple[Outcome, ...]
Steps: TypeAlias = Generator[Sequence[Intent], Outcomes, None]
"""A sync: yields what is to be done and is given what came of it, as often as it needs."""
