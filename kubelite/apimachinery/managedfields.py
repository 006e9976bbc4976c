"""Who set which fields of an object: the entries of `metadata.managedFields`.

A manager is known by its name, what it does (`Apply` or `Update`), the endpoint it writes through and, unless
it applies, the version in which it writes. Entries are never mutated, and kept as they are while their fields
stay.

Invariant: entries that come out of here are sorted, and their sets canonical.
Source: k8s.io/apimachinery/pkg/util/managedfields/internal (managedfields.go, stripmeta.go, capmanagers.go).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from kubelite.apimachinery import fieldset as fs
from kubelite.apimachinery.fieldset import FieldSet
from kubelite.apimachinery.scheme import Object

APPLY: Final = "Apply"
UPDATE: Final = "Update"
FIELDS_TYPE: Final = "FieldsV1"
UNKNOWN_MANAGER: Final = "unknown"
OLD_UPDATES: Final = "ancient-changes"
"""The manager in whose name old updates are put together."""

UPDATE_MANAGERS_MAX: Final = 10

STRIPPED: Final = fs.of_paths(
    *(fs.field_path(name) for name in ("apiVersion", "kind", "metadata")),
    *(
        fs.field_path("metadata", name)
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ),
)
"""What nobody owns: the identity of an object, and what the server alone writes."""


ENTRIES_MAX: Final = 256
MANAGERS_MAX: Final = 256
_shared_fields: Final = fs.Shared()
_entries: Final[dict[tuple[Any, ...], Object]] = {}
"""Entries in use: objects made in one go have the very same ones. They keep the sets of their keys alive."""

_lists: Final[dict[int, list[Object]]] = {}
"""Lists of one such entry."""


class ManagedFieldsError(ValueError):
    """Entries that cannot be read; the text is Kubernetes'."""


class Manager(NamedTuple):
    """Who writes.

    Attributes:
        api_version: The version in which an update writes; empty for an applier.
        subresource: The endpoint; empty for the object itself.
    """

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    def identifier(self) -> str:
        """The text by which Kubernetes sorts managers."""
        shown = {"manager": self.name, "operation": self.operation}
        if self.api_version:
            shown["apiVersion"] = self.api_version
        if self.subresource:
            shown["subresource"] = self.subresource
        return "{" + ",".join(f"{fs.go_json(key)}:{fs.go_json(value)}" for key, value in shown.items()) + "}"

    def __str__(self) -> str:
        """The manager as conflicts name it."""
        text = fs.go_json(self.name)
        if self.subresource:
            text += f" with subresource {fs.go_json(self.subresource)}"
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text


class Owned(NamedTuple):
    """What a manager owns.

    Attributes:
        fields: Never empty.
        api_version: The version of which these are fields.
        time: When it last changed; None if not known.
        entry: The entry that says exactly this, if there is one already.
    """

    fields: FieldSet
    api_version: str
    time: str | None
    entry: Object | None = None

    def with_fields(self, fields: FieldSet) -> Owned:
        """The same with other fields."""
        return self if fields is self.fields else Owned(fields, self.api_version, self.time)


Managed = dict[Manager, Owned]


@lru_cache(MANAGERS_MAX)
def manager_of(name: str, operation: str, api_version: str, subresource: str = "") -> Manager:
    """The manager of a request."""
    return Manager(name or UNKNOWN_MANAGER, operation, "" if operation == APPLY else api_version, subresource)


def decode(entries: Sequence[Object] | None, *, trusted: bool = False) -> Managed:
    """What entries say.

    Args:
        entries: As in `metadata.managedFields`.
        trusted: They were written by `encode`.

    Raises:
        ManagedFieldsError: They are not well-formed.
    """
    managed: Managed = {}
    for index, entry in enumerate(entries or ()):
        if not trusted:
            _check(entry, index)
        api_version, manager = entry.get("apiVersion") or "", manager_in(entry)
        fields = entry.get("fieldsV1") or fs.EMPTY
        if trusted:
            managed[manager] = Owned(fields, api_version, entry.get("time"), entry)
        else:
            try:
                fields = fs.read(fields)
            except fs.FieldSetError as error:
                msg = f"error decoding versioned set from {entry}: {error}"
                raise ManagedFieldsError(msg) from error
            managed[manager] = Owned(fields, api_version, entry.get("time"))
    return managed


def manager_in(entry: Mapping[str, Any]) -> Manager:
    """The manager that an entry names."""
    operation = entry.get("operation") or ""
    return Manager(
        entry.get("manager") or "",
        operation,
        "" if operation == APPLY else entry.get("apiVersion") or "",
        entry.get("subresource") or "",
    )


def _check(entry: Mapping[str, Any], index: int) -> None:
    if (entry.get("operation") or "") not in {APPLY, UPDATE}:
        msg = "operation must be `Apply` or `Update`"
        raise ManagedFieldsError(msg)
    if not entry.get("apiVersion"):
        msg = "apiVersion must not be empty"
        raise ManagedFieldsError(msg)
    kind = entry.get("fieldsType") or ""
    if not kind:
        msg = f"missing fieldsType in managed fields entry {index}"
        raise ManagedFieldsError(msg)
    if kind != FIELDS_TYPE:
        msg = f"invalid fieldsType {fs.go_json(kind)} in managed fields entry {index}"
        raise ManagedFieldsError(msg)


def encode(managed: Managed) -> list[Object]:
    """The entries, sorted: appliers first, then by time, name, version, endpoint."""
    pairs = list(managed.items())
    if len(pairs) > 1:
        pairs.sort(key=_rank)
        return [_entry(manager, owned) for manager, owned in pairs]
    for manager, owned in pairs:
        return _alone(_entry(manager, owned))
    return []


def _alone(entry: Object) -> list[Object]:
    """The list of one entry; the same list each time."""
    found = _lists.get(id(entry))
    if found is None:
        if len(_lists) >= ENTRIES_MAX:
            del _lists[next(iter(_lists))]
        found = _lists[id(entry)] = [entry]
    return found


def _rank(pair: tuple[Manager, Owned]) -> tuple[str, ...]:
    manager, owned = pair
    return (manager.operation, owned.time or "", manager.name, owned.api_version, manager.subresource)


def _entry(manager: Manager, owned: Owned) -> Object:
    if owned.entry is not None:
        return owned.entry
    fields = _shared_fields(owned.fields)
    key = (manager, owned.api_version, owned.time, id(fields))
    found = _entries.get(key)
    if found is None:
        if len(_entries) >= ENTRIES_MAX:
            del _entries[next(iter(_entries))]
        found = _entries[key] = _new_entry(manager, owned, fields)
    return found


def _new_entry(manager: Manager, owned: Owned, fields: FieldSet) -> Object:
    entry: Object = {}
    if manager.name:
        entry["manager"] = manager.name
    entry["operation"] = manager.operation
    entry["apiVersion"] = owned.api_version
    if owned.time is not None:
        entry["time"] = owned.time
    entry["fieldsType"] = FIELDS_TYPE
    entry["fieldsV1"] = fields
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def is_reset(entries: Any) -> bool:
    """Whether a client asks to forget who owns what: an empty list, or one empty entry."""
    return isinstance(entries, list) and (not entries or (len(entries) == 1 and not entries[0]))


def stripped(fields: FieldSet) -> FieldSet:
    """The set without what nobody owns."""
    return fs.difference(fields, STRIPPED)


def shared(fields: FieldSet) -> FieldSet:
    """The set that stands for all which are equal to it."""
    return _shared_fields(fields)


def capped(managed: Managed) -> Managed:
    """The same with the oldest updates put together, if there are too many."""
    if len(managed) <= UPDATE_MANAGERS_MAX:
        return managed
    updates = [manager for manager in managed if manager.operation == UPDATE]
    excess = len(updates) - UPDATE_MANAGERS_MAX
    if excess <= 0:
        return managed
    updates.sort(key=lambda manager: (managed[manager].time or "", manager.identifier()))
    result = dict(managed)
    firsts: dict[str, Manager] = {}
    for manager in updates:
        if excess <= 0:
            break
        owned = managed[manager]
        version = owned.api_version
        first = firsts.get(version)
        if first is None:
            firsts[version] = manager
            continue
        bucket = Manager(OLD_UPDATES, UPDATE, version)
        if bucket not in result:
            result[bucket] = result.pop(first)
        if bucket == manager:
            continue
        united = fs.union(owned.fields, result[bucket].fields)
        result[bucket] = Owned(united, version, owned.time)
        del result[manager]
        excess -= 1
    return result


def is_same_but_for_entries(metadata: Object, former: Object) -> bool:
    """Whether metadata differs from its former version in managed fields at most, as after most updates."""
    return metadata == {**former, "managedFields": metadata.get("managedFields")}


def without_entries(obj: Object) -> Object:
    """The object without managed fields."""
    metadata = obj["metadata"]
    if "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def both_without_entries(one: Object, other: Object) -> tuple[Object, Object]:
    """Two objects without managed fields; metadata that they share stay shared."""
    bare = without_entries(one)
    if other["metadata"] is one["metadata"]:
        return bare, {**other, "metadata": bare["metadata"]}
    return bare, without_entries(other)


def with_entries(obj: Object, entries: Sequence[Object]) -> Object:
    """The object with these managed fields, or with none."""
    if not entries:
        return without_entries(obj)
    if entries is obj["metadata"].get("managedFields"):
        return obj
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}


def with_former_times(new: Object, old: Object) -> Object:
    """The new object; with the entries of the old one if nothing but their times differs.

    Source: k8s.io/apiserver/pkg/endpoints/handlers/fieldmanager/equality.go.
    """
    entries, former = new["metadata"].get("managedFields"), old["metadata"].get("managedFields")
    if not entries or not former or len(entries) != len(former) or entries == former:
        return new
    for name, value in new.items():
        if name != "metadata" and value is not (before := old.get(name)) and value != before:
            return new
    if any(_timeless(one) != _timeless(other) for one, other in zip(entries, former, strict=True)):
        return new
    if without_entries(new) != without_entries(old):
        return new
    return with_entries(new, former)


def _timeless(entry: Mapping[str, Any]) -> Object:
    return {key: value for key, value in entry.items() if key != "time"}


# --- the scale subresource ----------------------------------------------------------------------------------

SCALE_VERSION: Final = "autoscaling/v1"
REPLICAS: Final = fs.field_path("spec", "replicas")
"""Where a scale, and most objects that have one, say how many replicas are wanted."""


class ScaleFields(NamedTuple):
    """How the managed fields of an object and those of its scale become each other.

    Source: k8s.io/apimachinery/pkg/util/managedfields/scalehandler.go.

    Attributes:
        parent: The entries of the object.
        api_version: The version of the object that the request names.
        paths: Where the replicas stand, by version of the object.
    """

    parent: Sequence[Object] | None
    api_version: str
    paths: Mapping[str, fs.Path]

    def of_scale(self) -> list[Object]:
        """The entries of the scale: who owns the replicas."""
        managed: Managed = {}
        for manager, owned in decode(self.parent, trusted=True).items():
            path = self.paths.get(owned.api_version)
            if path is not None and fs.has(owned.fields, path):
                managed[_at_version(manager, SCALE_VERSION)] = Owned(
                    fs.of_paths(REPLICAS), SCALE_VERSION, owned.time
                )
        return encode(managed)

    def of_parent(self, scale: Sequence[Object] | None) -> list[Object]:
        """The entries of the object after a write of its scale left those of the scale."""
        left = decode(scale, trusted=True)
        managed: Managed = {}
        for manager, owned in decode(self.parent, trusted=True).items():
            path = self.paths.get(owned.api_version)
            if path is None:
                continue
            fields = owned.fields
            if fs.has(fields, path) and left.pop(_at_version(manager, SCALE_VERSION), None) is None:
                fields = fs.difference(fields, fs.of_paths(path))
            if fields:
                managed[manager] = owned.with_fields(fields)
        for manager, owned in left.items():
            if fs.has(owned.fields, REPLICAS):
                fields = fs.of_paths(self.paths[self.api_version])
                managed[_at_version(manager, self.api_version)] = Owned(fields, self.api_version, None)
        return encode(managed)


def _at_version(manager: Manager, api_version: str) -> Manager:
    """The same manager, writing in another version."""
    return manager if manager.operation == APPLY else manager._replace(api_version=api_version)
