"""Which objects of a collection are meant: a namespace, labels, fields.

What can be looked up (a namespace, a name, a label or field that must equal a value) is found out once, when
the
selection is made; only the rest is asked of each object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import attrs

from kubelite.apimachinery.fields import FieldSelector
from kubelite.apimachinery.labels import Selector
from kubelite.apimachinery.scheme import Object

FieldReader = Callable[[Object], str]
NAME: Final = "metadata.name"
NAMESPACE: Final = "metadata.namespace"


class Attribute(NamedTuple):
    """Something of an object which selections compare with a value: a label or a field.

    Attributes:
        name: `label:app` or `field:spec.nodeName`.
        read: Its value; None if the object has none.
    """

    name: str
    read: Callable[[Object], str | None]


def label_attribute(key: str) -> Attribute:
    """The label `key`."""

    def read(obj: Object) -> str | None:
        labels = obj["metadata"].get("labels")
        value: str | None = labels.get(key) if labels else None
        return value

    return Attribute(f"label:{key}", read)


@attrs.define(eq=False, repr=False)
class Selection:
    """A namespace (empty for all), a label and a field selector.

    Attributes:
        readers: How the fields of the field selector are read.
        name: The one name that is meant; None if there is no such requirement.
        exact: Attributes that must have exactly this value, the most selective first.
    """

    namespace: str = ""
    labels: Selector | None = None
    fields: FieldSelector | None = None
    readers: Mapping[str, FieldReader] = attrs.field(factory=dict)
    name: str | None = attrs.field(init=False, default=None)
    exact: tuple[tuple[Attribute, str], ...] = attrs.field(init=False, default=())
    _field_tests: list[tuple[FieldReader, bool, str]] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        exact: list[tuple[Attribute, str]] = []
        for requirement in self.fields.requirements if self.fields is not None else ():
            field, equal, value = requirement.field, requirement.equal, requirement.value
            if field == NAME and equal and self.name is None:
                self.name = value
                continue
            if field == NAMESPACE and equal and self.namespace in {"", value}:
                self.namespace = value
                continue
            reader = self.readers[field]
            self._field_tests.append((reader, equal, value))
            if equal and value:
                exact.append((Attribute(f"field:{field}", reader), value))
        if self.labels is not None and not self.labels.empty:
            exact += [(label_attribute(key), value) for key, value in self.labels.exact.items()]
        else:
            self.labels = None
        self.exact = tuple(exact)

    @property
    def is_everything(self) -> bool:
        """Nothing but perhaps a namespace is asked for."""
        return self.name is None and self.labels is None and not self._field_tests

    @property
    def is_filtered(self) -> bool:
        """Whether the request gave any selector (lists then tell no remaining count)."""
        return not (self.is_everything and self.fields is None)

    def matches(self, obj: Object) -> bool:
        """Whether the object belongs to the selection."""
        metadata = obj["metadata"]
        if self.namespace and metadata.get("namespace") != self.namespace:
            return False
        if self.name is not None and metadata["name"] != self.name:
            return False
        if self.labels is not None and not self.labels.matches(metadata.get("labels")):
            return False
        return all((read(obj) == value) is equal for read, equal, value in self._field_tests)


EVERYTHING: Final = Selection()


@lru_cache(maxsize=1024)
def everything_in(namespace: str) -> Selection:
    """All objects of a namespace, or of all if it is empty."""
    return Selection(namespace)
