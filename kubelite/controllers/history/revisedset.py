"""What StatefulSets and DaemonSets share beyond pods: revisions of their template, claimed, made, forgotten.

Invariant: of each template there is one revision, and the present template's has the highest number.

Source: k8s.io/kubernetes/pkg/controller/{daemon,statefulset}, pkg/controller/history.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence

import attrs

from kubelite.api.resources import CONTROLLERREVISIONS
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.history import revisions as history
from kubelite.controllers.podowners import PodOwners
from kubelite.reconcile.controller import Environment, Watch
from kubelite.reconcile.intents import (
    CreateObject,
    DeleteObject,
    Intent,
    Outcomes,
    ReadObject,
    Steps,
    UpdateObject,
)
from kubelite.reconcile.ownership import ORPHANS, claimed, controller_of, orphan_keys


@attrs.frozen(eq=False)
class Revisions:
    """The past and the present of a template.

    Attributes:
        current: The present template's.
        all: Every one, that one among them.
        collisions: How often a name was taken; None if never.
    """

    current: Object
    all: tuple[Object, ...]
    collisions: int | None


class RevisedSet(PodOwners):
    """The part of a controller that keeps revisions."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._revisions = self.informer(CONTROLLERREVISIONS)
        self._revisions.add_index(ORPHANS, orphan_keys)

    @abstractmethod
    def name_revision(self, owner: Object, collisions: int | None) -> tuple[str, Mapping[str, str]]:
        """The hash in the name of the present template's revision, and the labels that tell it."""

    def watches(self) -> Sequence[Watch]:
        """The owners, their pods, and their revisions."""
        return *super().watches(), Watch(CONTROLLERREVISIONS, self._revision_keys)

    def _revision_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        keys = [key for each in (old, new) if each is not None for key in self._owner_key(each)]
        if new is not None and controller_of(new) is None:
            keys += self._matching(new)
        return dict.fromkeys(keys)

    def revise(self, owner: Object) -> Generator[Sequence[Intent], Outcomes, Revisions | None]:
        """See to the revision of the present template; None if there is none: the look is over."""
        known = yield from self._claim_revisions(owner)
        collisions = (owner.get("status") or {}).get("collisionCount")
        data = history.data_of(owner)
        current = history.find_equal(known, data)
        others = [each for each in known if each.get("data") != data]
        number = history.next_number(others)
        is_leaving = owner["metadata"].get("deletionTimestamp") is not None
        if current is None and is_leaving:
            return None
        if current is None:
            current, collisions = yield from self._make_revision(owner, number, collisions)
        elif current["revision"] < number and not is_leaving:
            (outcome,) = yield (UpdateObject(CONTROLLERREVISIONS, {**current, "revision": number}),)
            current = outcome.object
        if current is None:
            return None
        name = current["metadata"]["name"]
        rest = [each for each in known if each["metadata"]["name"] != name]
        return Revisions(current, (*rest, current), collisions)

    def _claim_revisions(self, owner: Object) -> Generator[Sequence[Intent], Outcomes, list[Object]]:
        matches = self.matcher(owner)
        return (
            yield from claimed(
                self._revisions,
                owner,
                self.kind,
                CONTROLLERREVISIONS,
                lambda each: matches(each["metadata"].get("labels")),
            )
        )

    def _make_revision(
        self, owner: Object, number: int, collisions: int | None
    ) -> Generator[Sequence[Intent], Outcomes, tuple[Object | None, int | None]]:
        """Create a revision; if another template's has its name, count that and try the next name."""
        while True:
            hash_, labels = self.name_revision(owner, collisions)
            made = history.make_revision(owner, self.kind, hash_, labels, number)
            (outcome,) = yield (CreateObject(CONTROLLERREVISIONS, made, exists_ok=True),)
            if outcome.object is not None or outcome.failed:
                return outcome.object, collisions
            metadata = made["metadata"]
            (read,) = yield (ReadObject(CONTROLLERREVISIONS, metadata["namespace"], metadata["name"]),)
            if read.failed:
                return None, collisions
            if read.object is not None and read.object.get("data") == made["data"]:
                return read.object, collisions
            if read.object is not None:
                collisions = (collisions or 0) + 1

    def forget_revisions(
        self, owner: Object, revisions: Sequence[Object], live: Collection[str], *, counted: int = 0
    ) -> Steps:
        """Delete the revisions beyond `revisionHistoryLimit`.

        Args:
            owner: Whose they are.
            revisions: All of them.
            live: The names of those in use, which stay.
            counted: How many of these count towards the limit.
        """
        limit = owner["spec"].get("revisionHistoryLimit")
        gone = history.plan_truncation(revisions, live, limit, counted=counted)
        if gone:
            yield [
                DeleteObject(CONTROLLERREVISIONS, each["metadata"]["namespace"], each["metadata"]["name"])
                for each in gone
            ]
