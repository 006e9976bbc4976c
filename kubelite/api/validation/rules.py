"""What judges the objects of one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from kubelite.api.groups import table
from kubelite.api.validation.problems import Errors
from kubelite.apimachinery.scheme import Object, Resource

MetadataRule = Literal["create", "update", "both"]
Create: TypeAlias = Callable[[Object], Errors]
Update: TypeAlias = Callable[[Object, Object], Errors]


NO_SUBRESOURCES: Final[Mapping[str, Update]] = MappingProxyType({})


class KindRules(NamedTuple):
    """The rules of a kind, beside those for the metadata of all kinds.

    Attributes:
        create: The errors of a new object.
        update: Those of an update, given the new and the stored object; as for a new one if None.
        status: Those of an update of the status; none if None.
        update_metadata: Which judgement of the metadata the kind's own rules repeat at an update: that of a
            new object, that of a change, or both. (An error then shows twice or thrice among the causes.)
        subresources: Those of updates through subresources other than the status.
    """

    create: Create
    update: Update | None = None
    status: Update | None = None
    update_metadata: MetadataRule = "update"
    subresources: Mapping[str, Update] = NO_SUBRESOURCES


def with_create(create: Create, update: Update) -> Update:
    """The rules for a new object, then those for the change."""
    return lambda new, old: create(new) + update(new, old)


def nothing(_: Object) -> Errors:
    """No rules."""
    return []


@cache
def rules_of(resource: Resource) -> KindRules | None:
    """The rules of a kind whose group has a module of its own."""
    rules = table("validation", resource.group, "RULES")
    return None if rules is None else rules.get(resource)


NO_RULES: Final = KindRules(nothing)
