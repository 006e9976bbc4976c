"""Revisions of a template, kept as ControllerRevisions. The pure part of StatefulSets' and DaemonSets' past.

A revision is a patch that puts the template back. Its number says how late it was wanted: a template that is
wanted again gets its old revision with a new number, never a second one.

Source: k8s.io/kubernetes/pkg/controller/history/controller_history.go,
pkg/controller/{daemon/update,statefulset/stateful_set_utils}.go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import attrs
import orjson

from kubelite.api.resources import CONTROLLERREVISIONS
from kubelite.api.templatehash import safe_text
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.timestamps import parse_time
from kubelite.reconcile.ownership import controller_ref

REVISION_HASH: Final = "controller-revision-hash"
"""Label of pods: which revision they are of."""
HASH: Final = "controller.kubernetes.io/hash"
"""Label of the revisions of StatefulSets."""
DOUBLE_S: Final = 2.0
"""Seconds that a revision may stand beside another one with the same template."""
_PREFIX_MAX: Final = 223
_FNV_OFFSET, _FNV_PRIME, _MASK = 2166136261, 16777619, 0xFFFFFFFF
_ESCAPED: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}
"""What Go's JSON writes otherwise."""


def data_of(owner: Object) -> Object:
    """The patch that puts the owner's present template back."""
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}


def template_of(revision: Object) -> Object:
    """The template that a revision puts back."""
    template = ((revision.get("data") or {}).get("spec") or {}).get("template") or {}
    return {field: value for field, value in template.items() if field != "$patch"}


def data_hash(data: Object, collisions: int) -> str:
    """The hash of a patch (FNV-1, of its JSON and then the number), in letters that spell no words.

    Args:
        data: The patch.
        collisions: How often the name that the hash made was taken.
    """
    text = orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode() + str(collisions)
    value = _FNV_OFFSET
    for byte in text.translate(_ESCAPED).encode():
        value = ((value * _FNV_PRIME) & _MASK) ^ byte
    return safe_text(value)


def revision_name(owner: Object, hash_: str) -> str:
    """The name of the revision with that hash."""
    return f"{owner['metadata']['name'][:_PREFIX_MAX]}-{hash_}"


def by_number(revisions: Sequence[Object]) -> list[Object]:
    """The oldest first."""

    def order(each: Object) -> tuple[int, str, str]:
        metadata = each["metadata"]
        return int(each.get("revision") or 0), metadata.get("creationTimestamp") or "", metadata["name"]

    return sorted(revisions, key=order)


def next_number(revisions: Sequence[Object]) -> int:
    """The number of a template that is wanted now."""
    return max((int(each.get("revision") or 0) for each in revisions), default=0) + 1


def find_equal(revisions: Sequence[Object], data: Object) -> Object | None:
    """The latest revision with this patch."""
    return next((each for each in reversed(by_number(revisions)) if each.get("data") == data), None)


@attrs.frozen(eq=False)
class Kept:
    """Which of several revisions with one template is the one.

    Attributes:
        doubles: Those that go.
        wait_s: When to look again for those that have just been made; 0 if there are none.
    """

    current: Object
    doubles: tuple[Object, ...] = ()
    wait_s: float = 0.0


def plan_doubles(equal: Sequence[Object], now: float) -> Kept:
    """Keep the latest of the revisions with one template, new ones aside.

    Args:
        equal: At least one.
        now: Unix seconds.
    """
    ages = {
        each["metadata"]["name"]: now - parse_time(each["metadata"]["creationTimestamp"]) for each in equal
    }
    by_age = sorted(equal, key=lambda each: ages[each["metadata"]["name"]], reverse=True)
    settled = [each for each in by_age if ages[each["metadata"]["name"]] >= DOUBLE_S] or by_age[:1]
    *doubles, current = by_number(settled)
    young = len(settled) < len(equal)
    wait_s = DOUBLE_S - min(ages.values()) if young else 0.0
    return Kept(current, tuple(doubles), max(0.0, wait_s))


def make_revision(
    owner: Object, resource: Resource, hash_: str, labels: Mapping[str, str], number: int
) -> Object:
    """The revision of the owner's present template.

    Args:
        owner: The StatefulSet or DaemonSet.
        resource: Its kind.
        hash_: For its name.
        labels: Beside those of the template.
        number: Its place in the history.
    """
    given = owner["metadata"]
    template_labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    metadata: dict[str, Any] = {
        "name": revision_name(owner, hash_),
        "namespace": given["namespace"],
        "labels": {**template_labels, **labels},
    }
    if given.get("annotations"):
        metadata["annotations"] = given["annotations"]
    metadata["ownerReferences"] = [controller_ref(owner, resource)]
    return {
        "kind": CONTROLLERREVISIONS.kind,
        "apiVersion": CONTROLLERREVISIONS.api_version,
        "metadata": metadata,
        "data": data_of(owner),
        "revision": number,
    }


def plan_truncation(
    revisions: Sequence[Object], live: Collection[str], limit: int | None, *, counted: int = 0
) -> list[Object]:
    """The revisions beyond the limit, the oldest first.

    Args:
        revisions: Which may go.
        live: Names of revisions that are in use; they stay.
        limit: How many others are kept; None for all.
        counted: How many of those in use count towards the limit.
    """
    if limit is None or limit < 0:
        return []
    past = [each for each in by_number(revisions) if each["metadata"]["name"] not in live]
    return past[: max(0, len(past) + counted - limit)]
