"""The arithmetic of a Deployment's rollout: which ReplicaSet is the new one, how large each should be. Pure.

Source: k8s.io/kubernetes/pkg/controller/deployment/{rolling,sync}.go and util/deployment_util.go.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from kubelite.apimachinery.intorstring import scaled
from kubelite.apimachinery.scheme import Object

HASH_LABEL: Final = "pod-template-hash"
REVISION: Final = "deployment.kubernetes.io/revision"
REVISION_HISTORY: Final = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS: Final = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS: Final = "deployment.kubernetes.io/max-replicas"
ROLLBACK_TO: Final = "deprecated.deployment.rollback.to"
_HISTORY_MAX: Final = 2000
"""Characters of a history of revisions."""
_NOT_COPIED: Final = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        ROLLBACK_TO,
        REVISION,
        REVISION_HISTORY,
        DESIRED_REPLICAS,
        MAX_REPLICAS,
    }
)


@attrs.frozen
class Resize:
    """A ReplicaSet is to have another number of replicas."""

    replica_set: Object
    replicas: int


# --- a Deployment's numbers -------------------------------------------------------------------------------


def replicas_of(obj: Object) -> int:
    """The replicas that a Deployment or ReplicaSet asks for."""
    replicas = obj["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def surge_and_unavailable(deployment: Object) -> tuple[int, int]:
    """The surge rounded up and the unavailable rounded down; one unavailable where both come to nothing."""
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling, total = strategy.get("rollingUpdate") or {}, replicas_of(deployment)
    surge = scaled(rolling.get("maxSurge"), total, up=True)
    unavailable = scaled(rolling.get("maxUnavailable"), total, up=False)
    if not surge and not unavailable:
        unavailable = 1
    return surge, min(unavailable, total)


def is_rolling(deployment: Object) -> bool:
    """Whether pods are replaced a few at a time."""
    return bool((deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


# --- ReplicaSets ------------------------------------------------------------------------------------------


def by_age(sets: Sequence[Object]) -> list[Object]:
    """The oldest first."""
    return sorted(sets, key=lambda each: (each["metadata"]["creationTimestamp"], each["metadata"]["name"]))


def revision_of(obj: Object) -> int:
    """The revision that annotations tell; 0 if none do."""
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "")
    return int(text) if text.isdecimal() else 0


def _without_hash(template: Object) -> Object:
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH_LABEL}
    return {**template, "metadata": {**metadata, "labels": labels}}


def find_new(deployment: Object, sets: Sequence[Object]) -> Object | None:
    """The oldest ReplicaSet that has the Deployment's template; None before it is made."""
    wanted = _without_hash(deployment["spec"]["template"])
    return next((each for each in by_age(sets) if _without_hash(each["spec"]["template"]) == wanted), None)


def make_replica_set(deployment: Object, owner: Object, hash_: str, replicas: int, revision: int) -> Object:
    """The ReplicaSet for a Deployment's present template.

    Args:
        deployment: Whose it is.
        owner: The reference to it.
        hash_: Of the template.
        replicas: How many it begins with.
        revision: Its number in the history.
    """
    spec, metadata = deployment["spec"], deployment["metadata"]
    template = spec["template"]
    inner = template.get("metadata") or {}
    labels = {**(inner.get("labels") or {}), HASH_LABEL: hash_}
    selector = spec["selector"]
    made: Object = {
        "replicas": replicas,
        "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: hash_}},
        "template": {**template, "metadata": {**inner, "labels": labels}},
    }
    if spec.get("minReadySeconds"):
        made["minReadySeconds"] = spec["minReadySeconds"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{hash_}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": annotations_of_new(deployment, {}, revision),
            "ownerReferences": [owner],
        },
        "spec": made,
    }


def annotations_of_new(deployment: Object, present: Mapping[str, str], revision: int) -> dict[str, str]:
    """Those of the new ReplicaSet: its Deployment's, its revision and those it had before."""
    given = deployment["metadata"].get("annotations") or {}
    made = {**present, **{key: value for key, value in given.items() if key not in _NOT_COPIED}}
    before = made.get(REVISION, "")
    if (int(before) if before.isdecimal() else 0) < revision:
        made[REVISION] = str(revision)
        if before:
            made[REVISION_HISTORY] = _with_past(made.get(REVISION_HISTORY, ""), before)
    return made | sizes_annotated(deployment)


def _with_past(history: str, revision: str) -> str:
    """The history with one more revision; the oldest go where it would become too long."""
    known = history.split(",") if history else []
    length = len(history) + len(revision) + 1
    while known and length > _HISTORY_MAX:
        length -= len(known.pop(0)) + 1
    return ",".join([*known, revision])


def sizes_annotated(deployment: Object) -> dict[str, str]:
    """The annotations by which a later scaling knows what the Deployment's size was."""
    total = replicas_of(deployment)
    return {DESIRED_REPLICAS: str(total), MAX_REPLICAS: str(total + surge_and_unavailable(deployment)[0])}


def with_annotations(replica_set: Object, annotations: Mapping[str, str]) -> Object:
    """The ReplicaSet with other annotations; the very same one if they are what it has."""
    metadata = replica_set["metadata"]
    if metadata.get("annotations") == annotations:
        return replica_set
    return {**replica_set, "metadata": {**metadata, "annotations": dict(annotations)}}


# --- rolling ----------------------------------------------------------------------------------------------


def _status(replica_set: Object, field: str) -> int:
    return int((replica_set.get("status") or {}).get(field) or 0)


def total_of(sets: Sequence[Object]) -> int:
    """The replicas that ReplicaSets ask for together."""
    return sum(map(replicas_of, sets))


def available_of(sets: Sequence[Object]) -> int:
    """Their available pods."""
    return sum(_status(each, "availableReplicas") for each in sets)


def new_size(deployment: Object, sets: Sequence[Object], new: Object | None) -> int:
    """How large the new ReplicaSet may be beside the others."""
    wanted, present = replicas_of(deployment), 0 if new is None else replicas_of(new)
    if not is_rolling(deployment):
        return wanted
    room = wanted + surge_and_unavailable(deployment)[0] - total_of(sets)
    return present if room <= 0 else present + min(room, wanted - present)


def plan_new(deployment: Object, sets: Sequence[Object], new: Object) -> list[Resize]:
    """The next step of the new ReplicaSet of a rolling update; empty if it stays as it is."""
    present, wanted = replicas_of(new), replicas_of(deployment)
    if present == wanted:
        return []
    size = wanted if present > wanted else new_size(deployment, sets, new)
    return [Resize(new, size)] if size != present else []


def plan_old(deployment: Object, sets: Sequence[Object], old: Sequence[Object], new: Object) -> list[Resize]:
    """The next step of the old ReplicaSets of a rolling update: unhealthy pods go first.

    A ReplicaSet that loses unhealthy pods and then others as well is resized twice, and so told of twice.
    """
    if not total_of(old):
        return []
    least = replicas_of(deployment) - surge_and_unavailable(deployment)[1]
    spare = total_of(sets) - least - (replicas_of(new) - _status(new, "availableReplicas"))
    if spare <= 0:
        return []
    sizes = {each["metadata"]["name"]: replicas_of(each) for each in old}
    steps: list[Resize] = []

    def shrink(replica_set: Object, number: int) -> None:
        name = replica_set["metadata"]["name"]
        sizes[name] -= number
        steps.append(Resize(replica_set, sizes[name]))

    for each in by_age(old):
        if spare <= 0 or not replicas_of(each):
            continue
        taken = min(spare, replicas_of(each) - _status(each, "availableReplicas"))
        if taken < 0:  # its status is from before it was resized: nothing is known of what is available
            return steps
        if taken:
            shrink(each, taken)
            spare -= taken
    surplus = available_of(sets) - least
    for each in by_age(old):
        taken = min(sizes[each["metadata"]["name"]], surplus)
        if taken > 0:
            shrink(each, taken)
            surplus -= taken
    return steps


# --- scaling ----------------------------------------------------------------------------------------------


def with_template_of(deployment: Object, replica_set: Object) -> Object:
    """A Deployment that is rolled back: with the template and the annotations of an old ReplicaSet."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    theirs = replica_set["metadata"].get("annotations") or {}
    own = metadata.get("annotations") or {}
    annotations = {key: value for key, value in own.items() if key in _NOT_COPIED} | {
        key: value for key, value in theirs.items() if key not in _NOT_COPIED
    }
    template = _without_hash(replica_set["spec"]["template"])
    return {
        **deployment,
        "metadata": {**metadata, "annotations": annotations},
        "spec": {**spec, "template": template},
    }


def has_template_of(deployment: Object, replica_set: Object) -> bool:
    """Whether the ReplicaSet was made for the Deployment's present template."""
    return _without_hash(deployment["spec"]["template"]) == _without_hash(replica_set["spec"]["template"])


def is_scaled(deployment: Object, sets: Sequence[Object]) -> bool:
    """Whether the Deployment's size has changed since its ReplicaSets were sized."""
    wanted = str(replicas_of(deployment))
    return any(
        (each["metadata"].get("annotations") or {}).get(DESIRED_REPLICAS, wanted) != wanted
        for each in sets
        if replicas_of(each)
    )


def plan_scaling(deployment: Object, new: Object | None, old: Sequence[Object]) -> list[Resize]:
    """The sizes after the Deployment was scaled: amid a rollout, each ReplicaSet gets its share."""
    wanted = replicas_of(deployment)
    active = [each for each in ([new] if new is not None else []) + list(old) if replicas_of(each)]
    one = _active_or_latest(new, old, active)
    if one is not None:
        return [Resize(one, wanted)] if replicas_of(one) != wanted else []
    if new is not None and _is_saturated(deployment, new):
        return [Resize(each, 0) for each in old if replicas_of(each)]
    if not is_rolling(deployment):
        return []
    return _shares(deployment, active)


def _active_or_latest(new: Object | None, old: Sequence[Object], active: Sequence[Object]) -> Object | None:
    if not active:
        return new if new is not None else next(reversed(by_age(old)), None)
    return active[0] if len(active) == 1 else None


def _is_saturated(deployment: Object, new: Object) -> bool:
    annotated = (new["metadata"].get("annotations") or {}).get(DESIRED_REPLICAS, "")
    wanted = replicas_of(deployment)
    return (
        replicas_of(new) == wanted
        and annotated == str(wanted)
        and _status(new, "availableReplicas") == wanted
    )


def _shares(deployment: Object, active: Sequence[Object]) -> list[Resize]:
    wanted = replicas_of(deployment)
    allowed = wanted + surge_and_unavailable(deployment)[0] if wanted else 0
    change = allowed - total_of(active)
    ordered = by_age(active)
    if change > 0:  # of equal ones the newest grows first, and the oldest shrinks first
        ordered.reverse()
    ordered.sort(key=replicas_of, reverse=True)
    sizes, given = [], 0
    for each in ordered:
        share = _share(deployment, each, change, given) if change else 0
        sizes.append(replicas_of(each) + share)
        given += share
    if sizes and change:
        sizes[0] = max(0, sizes[0] + change - given)
    return [
        Resize(each, size)
        for each, size in zip(ordered, sizes, strict=True)
        if size != replicas_of(each) or not _is_annotated(deployment, each)
    ]


def _is_annotated(deployment: Object, replica_set: Object) -> bool:
    annotations = replica_set["metadata"].get("annotations") or {}
    return sizes_annotated(deployment).items() <= annotations.items()


def _share(deployment: Object, replica_set: Object, change: int, given: int) -> int:
    if not replicas_of(replica_set) or change == given:
        return 0
    wanted = replicas_of(deployment)
    if not wanted:
        share = -replicas_of(replica_set)
    else:
        annotated = (replica_set["metadata"].get("annotations") or {}).get(MAX_REPLICAS, "")
        before = int(annotated) if annotated.isdecimal() else _status(deployment, "replicas")
        most = wanted + surge_and_unavailable(deployment)[0]
        size = replicas_of(replica_set)
        share = _rounded(size * most / before) - size if before else 0
    left = change - given
    return min(share, left) if change > 0 else max(share, left)


def _rounded(value: float) -> int:
    """Half away from zero, as Go's integer rounding does."""
    return math.floor(value + 0.5)


# --- history ----------------------------------------------------------------------------------------------


def plan_cleanup(deployment: Object, old: Sequence[Object]) -> list[Object]:
    """The old ReplicaSets beyond the history's limit, none of which has a pod; the oldest revisions first."""
    limit: Any = deployment["spec"].get("revisionHistoryLimit")
    if limit is None:
        return []
    living = [each for each in old if not each["metadata"].get("deletionTimestamp")]
    surplus = len(living) - int(limit)
    if surplus <= 0:
        return []
    by_revision = sorted(by_age(living), key=revision_of)
    return [each for each in by_revision[:surplus] if _is_done(each)]


def _is_done(replica_set: Object) -> bool:
    observed = _status(replica_set, "observedGeneration")
    return (
        not _status(replica_set, "replicas")
        and not replicas_of(replica_set)
        and int(replica_set["metadata"].get("generation") or 0) <= observed
    )
