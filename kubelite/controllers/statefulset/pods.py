"""The members of a StatefulSet: their ordinals, names and pods, and their claims. Pure.

A member is who it is by its name, SET-ORDINAL; what it keeps is in claims called TEMPLATE-SET-ORDINAL.

Source: k8s.io/kubernetes/pkg/controller/statefulset/stateful_set_utils.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kubelite.api import podutil
from kubelite.api.resources import PODS, STATEFULSETS
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.history.revisions import REVISION_HASH
from kubelite.controllers.replicas import make_pod
from kubelite.reconcile.ownership import controller_ref

POD_NAME: Final = "statefulset.kubernetes.io/pod-name"
POD_INDEX: Final = "apps.kubernetes.io/pod-index"
_MEMBER: Final = re.compile(r"(.*)-([0-9]+)")

Claims = Mapping[str, Object]
"""The claims of a namespace that concern a set, by name."""


# --- ordinals ---------------------------------------------------------------------------------------------


def replicas_of(stateful_set: Object) -> int:
    """How many members there are to be."""
    replicas = stateful_set["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def first_ordinal(stateful_set: Object) -> int:
    """The ordinal of the first member."""
    return int((stateful_set["spec"].get("ordinals") or {}).get("start") or 0)


def ordinal_of(stateful_set: Object, name: str) -> int | None:
    """The ordinal of the member with that name; None if it is no member's."""
    found = _MEMBER.fullmatch(name)
    if found is None or found[1] != stateful_set["metadata"]["name"]:
        return None
    return int(found[2])


def is_wanted(stateful_set: Object, ordinal: int) -> bool:
    """Whether there is to be a member with that ordinal."""
    return 0 <= ordinal - first_ordinal(stateful_set) < replicas_of(stateful_set)


def min_ready_s(stateful_set: Object) -> int:
    """Seconds that a ready member has to wait before it counts as available."""
    return int(stateful_set["spec"].get("minReadySeconds") or 0)


# --- health -----------------------------------------------------------------------------------------------


def is_running_and_ready(pod: Object) -> bool:
    """Whether a member does its work."""
    return podutil.phase(pod) == podutil.RUNNING and podutil.is_ready(pod)


def is_available(stateful_set: Object, pod: Object, now: float) -> bool:
    """Whether a member has done its work for long enough."""
    return podutil.phase(pod) == podutil.RUNNING and podutil.is_available(pod, min_ready_s(stateful_set), now)


def revision_of(pod: Object) -> str:
    """The name of the revision that a member is of."""
    return str((pod["metadata"].get("labels") or {}).get(REVISION_HASH) or "")


# --- the pod ----------------------------------------------------------------------------------------------


def identity(name: str, ordinal: int) -> dict[str, str]:
    """The labels by which a member is known."""
    return {POD_NAME: name, POD_INDEX: str(ordinal)}


def has_identity(pod: Object) -> bool:
    """Whether a member has the label by which it is known; its index is not looked at."""
    labels = pod["metadata"].get("labels") or {}
    return bool(labels.get(POD_NAME) == pod["metadata"]["name"])


def make_member(stateful_set: Object, template: Object, revision: str, ordinal: int) -> Object:
    """The pod of a member.

    Args:
        stateful_set: Whose member it is.
        template: The one of `revision`.
        revision: A revision's name.
        ordinal: The member's.
    """
    owner = {**stateful_set, "spec": {**stateful_set["spec"], "template": template}}
    pod = make_pod(owner, STATEFULSETS)
    name = f"{stateful_set['metadata']['name']}-{ordinal}"
    labels = {**(pod["metadata"].get("labels") or {}), **identity(name, ordinal), REVISION_HASH: revision}
    spec = {**pod["spec"], "hostname": name}
    if stateful_set["spec"].get("serviceName"):
        spec["subdomain"] = stateful_set["spec"]["serviceName"]
    mounted = _volumes(stateful_set, pod["spec"], name)
    if mounted:
        spec["volumes"] = mounted
    return {**pod, "metadata": {**pod["metadata"], "name": name, "labels": labels}, "spec": spec}


def _volumes(stateful_set: Object, spec: Object, name: str) -> list[Object]:
    """The claims' volumes, which stand in for those of the template that have their names."""
    templates = [template_name(each) for each in stateful_set["spec"].get("volumeClaimTemplates") or ()]
    claimed = [{"name": each, "persistentVolumeClaim": {"claimName": f"{each}-{name}"}} for each in templates]
    return claimed + [each for each in spec.get("volumes") or () if each["name"] not in templates]


# --- claims -----------------------------------------------------------------------------------------------


def template_name(template: Object) -> str:
    """The name of a claim template; empty if it has none, which the API server does not ask of it."""
    name: str = (template.get("metadata") or {}).get("name") or ""
    return name


def claim_names(stateful_set: Object, name: str) -> list[str]:
    """The names of a member's claims."""
    templates = stateful_set["spec"].get("volumeClaimTemplates") or ()
    return [f"{template_name(each)}-{name}" for each in templates]


def make_claims(stateful_set: Object, pod: Object) -> list[Object]:
    """The claims of a member, as they are to be made."""
    name = pod["metadata"]["name"]
    selected = (stateful_set["spec"].get("selector") or {}).get("matchLabels") or {}
    made: list[Object] = []
    for template in stateful_set["spec"].get("volumeClaimTemplates") or ():
        given = template.get("metadata") or {}
        metadata: dict[str, Any] = {
            field: given[field] for field in ("annotations", "finalizers") if given.get(field)
        }
        metadata["name"] = f"{template_name(template)}-{name}"
        metadata["namespace"] = stateful_set["metadata"]["namespace"]
        labels = {**(given.get("labels") or {}), **selected}
        if labels:
            metadata["labels"] = labels
        claim = {
            "kind": "PersistentVolumeClaim",
            "apiVersion": "v1",
            "metadata": metadata,
            "spec": template.get("spec") or {},
        }
        owners = claim_owners(stateful_set, pod, claim)
        if owners:
            claim = {**claim, "metadata": {**metadata, "ownerReferences": owners}}
        made.append(claim)
    return made


def _deletes(stateful_set: Object, when: str) -> bool:
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return bool(policy.get(when) == "Delete")


def claim_owners(stateful_set: Object, pod: Object, claim: Object) -> list[Object]:
    """Who is to own a member's claim, so that it goes with the set, or with a member that is one too many.

    A claim that somebody else controls is left to them.
    """
    metadata = pod["metadata"]
    ordinal = ordinal_of(stateful_set, metadata["name"])
    ours = {stateful_set["metadata"]["uid"], metadata.get("uid")}
    others = [each for each in claim["metadata"].get("ownerReferences") or () if each["uid"] not in ours]
    if any(each.get("controller") for each in others):
        return others
    if ordinal is not None and not is_wanted(stateful_set, ordinal) and _deletes(stateful_set, "whenScaled"):
        return [*others, controller_ref(pod, PODS)]
    if _deletes(stateful_set, "whenDeleted"):
        return [*others, controller_ref(stateful_set, STATEFULSETS)]
    return others


def misowned(stateful_set: Object, pod: Object, claims: Claims) -> list[Object]:
    """The member's claims whose owners have to change, as they are to be."""
    changed: list[Object] = []
    for name in claim_names(stateful_set, pod["metadata"]["name"]):
        claim = claims.get(name)
        if claim is None:
            continue
        owners = claim_owners(stateful_set, pod, claim)
        if owners != list(claim["metadata"].get("ownerReferences") or ()):
            changed.append({**claim, "metadata": {**claim["metadata"], "ownerReferences": owners}})
    return changed


def is_stale(stateful_set: Object, name: str, claims: Claims) -> bool:
    """Whether a claim is about to go with an earlier pod of that name, whose successor has to wait for it."""
    if not _deletes(stateful_set, "whenScaled"):
        return False
    return any(
        reference["kind"] == "Pod" and reference["name"] == name
        for each in claim_names(stateful_set, name)
        for reference in (claims.get(each) or {"metadata": {}})["metadata"].get("ownerReferences") or ()
    )


def missing_claims(stateful_set: Object, pod: Object, claims: Claims) -> Sequence[Object]:
    """The member's claims that are not there."""
    return [each for each in make_claims(stateful_set, pod) if each["metadata"]["name"] not in claims]
