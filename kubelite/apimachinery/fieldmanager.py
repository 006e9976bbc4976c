"""Keeping account of managers at each write, and server-side apply.

An update makes its manager the owner of the fields which it changes, and nobody else's any longer. An applier
owns what it applies; what it applied before and does not apply now is removed, unless somebody else owns it;
what others own otherwise is a conflict, or taken over by force.
Source: k8s.io/apimachinery/pkg/util/managedfields/internal; sigs.k8s.io/structured-merge-diff/merge
(update.go); KEP-555.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import attrs

from kubelite.apimachinery import fieldset as fs
from kubelite.apimachinery import lastapplied
from kubelite.apimachinery import managedfields as mf
from kubelite.apimachinery.apierrors import ApplyConflict, BadRequest, unexpected
from kubelite.apimachinery.atoms import Atom
from kubelite.apimachinery.fieldset import FieldSet
from kubelite.apimachinery.managedfields import APPLY, UPDATE, Managed, Manager, Owned
from kubelite.apimachinery.merging import merge, remove
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.typecheck import check
from kubelite.apimachinery.typed import (
    Comparison,
    TypeMismatchError,
    changed_leaves,
    compare,
    field_set,
    reconciled,
    with_named_fields,
)

BEFORE_FIRST_APPLY: Final = "before-first-apply"
"""Owns what was there when an object without managed fields is first applied."""

TIMED: Final = frozenset({"fieldsV1", "time"})
"""What an entry has of which nothing but the time may change."""

CREATIONS_MAX: Final = 64
"""Compositions of new objects that one endpoint remembers."""

Filter = Callable[[FieldSet], FieldSet]
"""Leaves of a set what an endpoint may change."""


class Versions(Protocol):
    """The versions in which objects of a kind are served."""

    def atom(self, api_version: str) -> Atom | None:
        """The kind's type in a version; None if there is no such version."""

    def convert(self, obj: Object, api_version: str) -> Object:
        """An object of any version in that one, which exists."""


class Conflict(NamedTuple):
    """A field which the applied configuration would change, though a manager owns it."""

    manager: Manager
    path: fs.Path


class ConflictsError(Exception):
    """An apply without force meets fields of others."""

    def __init__(self, conflicts: list[Conflict]) -> None:
        super().__init__(f"{len(conflicts)} conflicts")
        self.conflicts = conflicts

    def answer(self) -> ApplyConflict:
        """The conflicts as the client is told."""
        causes = [
            {
                "reason": "FieldManagerConflict",
                "message": f"conflict with {each.manager}",
                "field": fs.shown_path(each.path),
            }
            for each in self.conflicts
        ]
        return ApplyConflict(_message(self.conflicts), causes)


def _message(conflicts: list[Conflict]) -> str:
    if len(conflicts) == 1:
        one = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {one.manager}: {fs.shown_path(one.path)}"
    by_manager: dict[Manager, list[str]] = {}
    for each in conflicts:
        by_manager.setdefault(each.manager, []).append(fs.shown_path(each.path))
    lines = []
    for manager in sorted(by_manager, key=Manager.identifier):
        lines.append(f"conflicts with {manager}:")
        lines += [f"- {path}" for path in by_manager[manager]]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


def _composition(obj: Object, empty: Object, *, is_small: bool = False) -> tuple[tuple[Any, ...], list[Any]]:
    """What an object's set of fields depends on, and the trees which that names by their identity.

    Of a text or number it matters only whether it is one that an empty object has, too. Of a map of texts,
    which an empty object has not, it matters which names there are; of another value which tree it is.
    Objects that are small are looked at to their leaves.
    """
    parts: list[Any] = []
    trees: list[Any] = []
    for name, value in obj.items():
        is_metadata = name == "metadata"
        inner = value.items() if is_metadata else ((name, value),)
        for key, each in inner:
            if not each:
                parts += (key, None if is_metadata else (type(each), empty.get(key) == each))
            elif not isinstance(each, dict | list):
                parts += (key, is_metadata or empty.get(key) == each)
            elif isinstance(each, dict) and _is_flat(each) and (is_metadata or not empty.get(key)):
                parts += (key, tuple(each))
            elif is_small and isinstance(each, dict):
                inner_parts, inner_trees = _composition(each, empty.get(key) or {}, is_small=True)
                parts += (key, inner_parts)
                trees += inner_trees
            else:
                trees.append(each)
                parts += (key, id(each))
    return tuple(parts), trees


def _is_flat(value: Object) -> bool:
    """Whether a map holds nothing but texts, none of them empty."""
    values = value.values()
    return all(values) and set(map(type, values)) == {str}


class _Change(NamedTuple):
    """What a write does to fields in one version, as far as its endpoint may.

    Attributes:
        touched: Fields that are added or get another value.
    """

    removed: FieldSet
    touched: FieldSet


@attrs.frozen(eq=False, repr=False)
class FieldManager:
    """Accounts for the writes through one endpoint of a kind.

    Attributes:
        api_version: The version of the endpoint's objects.
        kind: Their kind.
        subresource: The endpoint; empty for the objects themselves.
        empty: An object of the kind in which nothing is set, as a Go program makes it.
        versions: What is known of the kind's versions.
        reset: By version, what the endpoint may change; a version that is not here may change all.
        types_change: A version's type may become another while objects are kept.
        is_small: Its objects are so, and have no parts in common.
    """

    api_version: str
    kind: str
    subresource: str
    empty: Object
    versions: Versions
    reset: Mapping[str, Filter]
    types_change: bool = False
    is_small: bool = False
    _creations: dict[tuple[Any, ...], tuple[list[Any], FieldSet]] = attrs.field(
        init=False, factory=dict, repr=False
    )
    _atoms: list[Atom] = attrs.field(init=False, factory=list, repr=False)

    # --- updates ----------------------------------------------------------------------------------------

    def update(self, live: Object | None, new: Object, name: str, now: str) -> Object:
        """The new object with its managed fields, after an update by the manager `name`.

        Args:
            live: What is stored; None if the object is new.
            new: What is to be stored, with defaults and before admission; it may bring managed fields.
            name: The manager; empty for one that is not known.
            now: The present time.
        """
        if live is not None and (entries := self._renewed(live, new, name, now)) is not None:
            return mf.with_entries(new, entries)
        managed = self._live_or_new(live, new)
        if live is None:
            live, new = self.empty, mf.without_entries(new)
        elif not managed:
            return mf.without_entries(new)
        else:
            live, new = mf.both_without_entries(live, new)
        return mf.with_entries(new, mf.encode(self._updated(live, new, managed, name, now)))

    def _renewed(self, live: Object, new: Object, name: str, now: str) -> list[Object] | None:
        """The entries after an update by the only manager, of what it has set before; None of others."""
        stored: list[Object] | None = live["metadata"].get("managedFields")
        if not stored or len(stored) > 1 or self.types_change:
            return None
        entry, atom = stored[0], self._atom().map
        if atom is None or not entry.keys() >= TIMED or new["metadata"].get("managedFields") != stored:
            return None
        if mf.manager_in(entry) != mf.manager_of(name, UPDATE, self.api_version, self.subresource):
            return None
        count = changed_leaves(atom, live, new, entry["fieldsV1"])
        if not count:
            return None if count is None else stored
        return stored if entry["time"] == now else [{**entry, "time": now}]

    def _live_or_new(self, live: Object | None, new: Object) -> Managed:
        """Who manages before the write: as the client says if it says so well, else as stored."""
        stored = None if live is None else live["metadata"].get("managedFields")
        given = new["metadata"].get("managedFields")
        if given is not None and not self.subresource and given != stored:
            if mf.is_reset(given):
                return {}
            try:
                managed = mf.decode(given)
            except mf.ManagedFieldsError:
                managed = {}
            if managed:
                return managed
        return mf.decode(stored, trusted=True)

    def _created(self, new: Object) -> FieldSet:
        """What the creation of an object sets; found once for objects that are made of the same trees."""
        key, trees = _composition(new, self.empty, is_small=self.is_small)
        found = self._creations.get(key)
        if found is None:
            if len(self._creations) >= CREATIONS_MAX:
                del self._creations[next(iter(self._creations))]
            change = self._change(compare(self._atom(), self.empty, new), self.api_version)
            # The trees are kept, so that nothing else can have their identities meanwhile.
            found = self._creations[key] = (trees, mf.shared(mf.stripped(change.touched)))
        return found[1]

    def _updated(self, live: Object, new: Object, managed: Managed, name: str, now: str) -> Managed:
        manager = mf.manager_of(name, UPDATE, self.api_version, self.subresource)
        if live is self.empty and not managed and not self.types_change:
            taken = self._created(new)
            return {manager: Owned(taken, self.api_version, now)} if taken else {}
        managed, change = self._without_changes(live, new, self._reconciled(managed), manager, force=True)
        taken = fs.EMPTY if change is None else mf.stripped(change.touched)
        if taken:
            former = managed.get(manager)
            if former is not None:
                taken = fs.union(former.fields, taken)  # the very same set, if nothing is new
            managed[manager] = Owned(taken, self.api_version, now)
        return mf.capped(managed)

    def _without_changes(
        self, live: Object, new: Object, managed: Managed, writer: Manager, *, force: bool
    ) -> tuple[Managed, _Change | None]:
        """Managers without what the write takes from them, and what it changes, if anything.

        The writer keeps what it owns; an updater loses at least what is removed.

        Raises:
            ConflictsError: Something is taken without force.
        """
        atom = self._atom()
        difference = compare(atom, live, new)
        if difference.is_same:
            return dict(managed), None
        change = self._change(difference, self.api_version)
        changes = {self.api_version: change}
        left: Managed = {}
        conflicts: list[Conflict] = []
        for manager, owned in managed.items():
            mine = manager == writer
            if mine and writer.operation == APPLY:
                left[manager] = owned
                continue
            version = owned.api_version
            theirs = changes.get(version)
            if theirs is None:
                their_atom = self.versions.atom(version)
                if their_atom is None:
                    continue
                theirs = changes[version] = self._change(
                    compare(
                        their_atom,
                        self.versions.convert(live, version),
                        self.versions.convert(new, version),
                    ),
                    version,
                )
            fields = owned.fields
            lost = fs.EMPTY if mine else fs.intersection(fields, theirs.touched)
            if lost:
                if not force:
                    conflicts += [Conflict(manager, path) for path in fs.paths(lost)]
                fields = fs.difference(fields, lost)
            fields = fs.difference(fields, theirs.removed)
            if fields:
                left[manager] = owned.with_fields(fields)
        if conflicts:
            raise ConflictsError(sorted(conflicts, key=lambda each: each.manager.identifier()))
        return left, change

    def _change(self, found: Comparison, version: str) -> _Change:
        touched = fs.union(found.modified, found.added)
        keep = self.reset.get(version)
        return (
            _Change(found.removed, touched) if keep is None else _Change(keep(found.removed), keep(touched))
        )

    def _atom(self) -> Atom:
        if self._atoms:
            return self._atoms[0]
        atom = self.versions.atom(self.api_version)
        assert atom is not None, "the version of an endpoint is served"
        if not self.types_change:
            self._atoms.append(atom)
        return atom

    def _reconciled(self, managed: Managed) -> Managed:
        """Managers with their sets as the types are now; those of versions that are gone are gone, too."""
        result: Managed = {}
        for manager, owned in managed.items():
            if owned.entry is not None and not self.types_change:
                result[manager] = owned
                continue
            atom = self.versions.atom(owned.api_version)
            if atom is not None:
                result[manager] = owned.with_fields(reconciled(atom, owned.fields))
        return result

    # --- apply ------------------------------------------------------------------------------------------

    def apply(
        self, live: Object | None, applied: Object, name: str, now: str, *, force: bool = False
    ) -> Object:
        """What applying a configuration makes of an object, with its managed fields, before defaults.

        Args:
            live: What is stored; None if there is nothing.
            applied: The configuration.
            name: The applier.
            now: The present time.
            force: Take over fields of others.

        Raises:
            APIError: The configuration cannot be applied, or meets fields of others.
        """
        given = (str(applied.get("apiVersion") or ""), str(applied.get("kind") or ""))
        if given != (self.api_version, self.kind):
            group, _, version = given[0].rpartition("/")
            raise BadRequest(f"invalid object type: {group}/{version}, Kind={given[1]}")
        stored = None if live is None else live["metadata"].get("managedFields")
        live = self.empty if live is None else mf.without_entries(live)
        managed = mf.decode(stored, trusted=True)
        if not managed and live is not self.empty:
            managed = self._updated(self.empty, live, managed, BEFORE_FIRST_APPLY, now)
        try:
            obj, managed = self._applied(live, applied, managed, name, now, force=force)
        except ConflictsError as error:
            if name != lastapplied.MANAGER:
                raise error.answer() from error
            obj, managed = self._upgraded(error, live, applied, managed, name, now)
        if name == lastapplied.MANAGER:
            obj = lastapplied.synchronised(obj, applied)
        return mf.with_entries(obj, mf.encode(managed))

    def _applied(
        self, live: Object, applied: Object, managed: Managed, name: str, now: str, *, force: bool
    ) -> tuple[Object, Managed]:
        metadata = applied.get("metadata")
        if isinstance(metadata, dict) and metadata.get("managedFields") is not None:
            raise BadRequest("metadata.managedFields must be nil")
        atom = self._atom()
        try:
            check(atom, applied)
        except TypeMismatchError as error:
            raise unexpected(f"failed to create typed patch object ({_named(applied)}): {error}") from error
        applier = mf.manager_of(name, APPLY, self.api_version, self.subresource)
        managed = self._reconciled(managed)
        try:
            merged: Object = merge(atom, live, applied)
        except TypeMismatchError as error:
            raise unexpected(f"failed to merge config: {error}") from error
        last = managed.get(applier)
        fields = field_set(atom, applied)
        keep = self.reset.get(self.api_version)
        if keep is not None:
            fields = keep(fields)
        managed = {**managed, applier: Owned(fields, self.api_version, None if last is None else last.time)}
        merged = self._pruned(merged, managed, last)
        managed, change = self._without_changes(live, merged, managed, applier, force=force)
        obj = live if change is None else merged
        fields = mf.stripped(fields)
        del managed[applier]
        if fields:
            former = last.time if last is not None else None
            time = former if change is None else now
            managed[applier] = Owned(fields, self.api_version, time)
        return obj, managed

    def _upgraded(
        self, error: ConflictsError, live: Object, applied: Object, managed: Managed, name: str, now: str
    ) -> tuple[Object, Managed]:
        """An apply after conflicts with fields that a client-side apply set: those may be taken over."""
        allowed = lastapplied.fields(self._atom(), live, self.api_version)
        if allowed is None:
            raise error.answer() from error
        rest = [each for each in error.conflicts if not fs.has(allowed, each.path)]
        if rest:
            raise ConflictsError(rest).answer() from error
        return self._applied(live, applied, managed, name, now, force=True)

    # --- removing what is no longer applied -------------------------------------------------------------

    def _pruned(self, merged: Object, managed: Managed, last: Owned | None) -> Object:
        """The merged object without what the applier applied before and nobody owns now."""
        if last is None or not last.fields:
            return merged
        version = last.api_version
        atom = self.versions.atom(version)
        if atom is None:
            return merged
        whole = self._in(merged, version)
        former = with_named_fields(atom, last.fields)
        pruned: Object = remove(atom, whole, former) or {}
        owned: dict[str, FieldSet] = {}
        for each in managed.values():
            owned[each.api_version] = fs.union(owned.get(each.api_version, fs.EMPTY), each.fields)
        for each_version in sorted(owned, key=lambda v: v != version):
            pruned = self._with_owned(whole, version, pruned, each_version, owned[each_version])
        kept = with_named_fields(atom, field_set(atom, pruned))
        there = with_named_fields(atom, field_set(atom, whole))
        gone = fs.intersection(fs.difference(there, kept), former)
        result: Object = remove(atom, whole, gone) or {}
        return self._in(result, self.api_version, version)

    def _with_owned(self, whole: Object, at: str, pruned: Object, version: str, owned: FieldSet) -> Object:
        """The pruned object with what managers own in a version put back."""
        atom = self.versions.atom(version)
        if atom is None:
            return pruned
        whole, pruned = self._in(whole, version, at), self._in(pruned, version, at)
        there = with_named_fields(atom, field_set(atom, whole))
        stays = fs.union(with_named_fields(atom, field_set(atom, pruned)), with_named_fields(atom, owned))
        result: Object = remove(atom, whole, fs.difference(there, stays)) or {}
        return self._in(result, at, version)

    def _in(self, obj: Object, version: str, at: str | None = None) -> Object:
        return obj if version == (at or self.api_version) else self.versions.convert(obj, version)


def _named(applied: Object) -> str:
    given = applied.get("metadata")
    metadata = given if isinstance(given, dict) else {}
    group, _, version = str(applied["apiVersion"]).rpartition("/")
    name, namespace = metadata.get("name") or "", metadata.get("namespace") or ""
    return f"{namespace}/{name}; {group}/{version}, Kind={applied['kind']}"


def leaving_out(*paths: fs.Path) -> Filter:
    """A filter that leaves out fields and all below them."""
    left_out = fs.of_paths(*paths)
    return lambda fields: fs.recursive_difference(fields, left_out)


def leaving_only(*patterns: fs.Path) -> Filter:
    """A filter that leaves only what the patterns match."""
    return lambda fields: fs.matching(fields, patterns)


def reset_of(api_versions: Iterable[str], keep: Filter | None) -> Mapping[str, Filter]:
    """The same filter for several versions."""
    return {} if keep is None else dict.fromkeys(api_versions, keep)
