"""Which writes of slices a controller has made and not yet seen in its informer.

A plan made from slices that lag behind would create the same slice twice. After a write the Service rests
until its slices show that write, at most `TIMEOUT_S`.

Source: k8s.io/endpointslice/util/endpointslice_tracker.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kubelite.apimachinery.scheme import Object
from kubelite.reconcile.intents import CreateObject, DeleteObject, Outcomes, UpdateObject

TIMEOUT_S: Final = 5.0
"""Seconds after which a write that was not seen is forgotten."""


class SliceTracker:
    """Versions that own writes have led to, by key of the Service and uid of the slice."""

    def __init__(self) -> None:
        self._written: dict[str, dict[str, str]] = {}
        self._deleted: dict[str, set[str]] = {}
        self._since: dict[str, float] = {}
        self._own: dict[str, str] = {}
        self._own_deletions: set[str] = set()

    def wrote(self, key: str, outcomes: Outcomes, now: float) -> None:
        """Remember what was written for the Service `key`."""
        written: dict[str, str] = {}
        deleted: set[str] = set()
        for outcome in outcomes:
            if outcome.error is not None or outcome.skipped:
                continue
            if isinstance(outcome.intent, (CreateObject, UpdateObject)) and outcome.object is not None:
                metadata = outcome.object["metadata"]
                written[metadata["uid"]] = metadata["resourceVersion"]
            elif isinstance(outcome.intent, DeleteObject) and outcome.intent.uid:
                deleted.add(outcome.intent.uid)
        self.forget(key)
        if written or deleted:
            self._written[key] = written
            self._deleted[key] = deleted
            self._since[key] = now
            self._own.update(written)
            self._own_deletions.update(deleted)

    def is_stale(self, key: str, slices: Sequence[Object], now: float) -> bool:
        """True while the slices at hand do not show the last writes."""
        since = self._since.get(key)
        if since is None or now - since > TIMEOUT_S:
            return False
        versions = {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in slices}
        if any(uid in versions for uid in self._deleted[key]):
            return True
        return any(
            uid not in versions or _is_older(versions[uid], version)
            for uid, version in self._written[key].items()
        )

    def observe(self, old: Object | None, new: Object | None) -> bool:
        """True if a change of a slice is nothing but an own write, after which no look is needed."""
        if new is None:
            assert old is not None
            uid: str = old["metadata"]["uid"]
            return uid in self._own_deletions
        version: str = new["metadata"]["resourceVersion"]
        return self._own.get(new["metadata"]["uid"]) == version

    def lost(self, key: str, uid: str) -> None:
        """Somebody else has deleted a slice of the Service `key`: what was written there is not awaited."""
        self._written.get(key, {}).pop(uid, None)
        self._own.pop(uid, None)

    def forget(self, key: str) -> None:
        """The Service is gone, or nothing is awaited any more."""
        for uid in self._written.pop(key, ()):
            self._own.pop(uid, None)
        self._own_deletions.difference_update(self._deleted.pop(key, ()))
        self._since.pop(key, None)


def _is_older(version: str, than: str) -> bool:
    """Compare two versions; Kubernetes 1.35 made them numbers that may be compared."""
    return (len(version), version) < (len(than), than)
