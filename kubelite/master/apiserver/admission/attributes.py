"""What admission is told of a request besides the object: the words of Kubernetes' `admission.Attributes`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias

import attrs

from kubelite.apimachinery.apierrors import Forbidden
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.requests import UserInfo
from kubelite.master.apiserver.environment import Environment

Operation = Literal["CREATE", "UPDATE", "DELETE"]

CREATE: Final = "CREATE"
UPDATE: Final = "UPDATE"


class Attributes(NamedTuple):
    """One write on its way to the store.

    Attributes:
        name: The object's name, generated already.
        old: What is stored; None of a new object.
        warnings: What plugins want to tell the client; they append to it.
    """

    operation: Operation
    resource: Resource
    user: UserInfo
    subresource: str
    namespace: str
    name: str
    old: Object | None
    dry_run: bool
    warnings: list[str]

    def forbidden(self, why: str) -> Forbidden:
        """A refusal."""
        return Forbidden(why, resource=self.resource, name=self.name)


Change: TypeAlias = Callable[[Environment, Attributes, Object], Object]
"""Gives the object with what a plugin makes of it; raises `APIError` to refuse it."""

Judge: TypeAlias = Callable[[Environment, Attributes, Object], None]
"""Raises `APIError` to refuse the object."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Plugin:
    """One admission plugin.

    Attributes:
        name: Kubernetes' own.
        resources: What it is about, as `plural.group`; None for everything.
        operations: As above.
        subresources: The endpoints at which it acts; the empty one is the object itself.
        admit: Changes the object before it is validated.
        decorate: Adds what cannot make an object invalid; after validation, so that the thousand pods of one
            template, which share their spec until then, are validated once. Where somebody else may change an
            object (webhooks), it has to be called before him.
        validate: Judges the object as it would be stored.
    """

    name: str
    resources: frozenset[str] | None
    operations: frozenset[str] = frozenset({CREATE})
    subresources: frozenset[str] = frozenset({""})
    admit: Change | None = None
    decorate: Change | None = None
    validate: Judge | None = None

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        """Whether it is asked about such a write."""
        return (
            operation in self.operations
            and (self.resources is None or resource.group_resource in self.resources)
            and subresource in self.subresources
        )
