"""VolumeBinding: a pod goes where its volumes are or can be made; they are bound before it is.

Claims of classes which wait for their first consumer get a volume that fits on the chosen node, or are marked
with that node for their provisioner. What was chosen is set aside until the claims are seen to be bound.

Source: https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode;
pkg/scheduler/framework/plugins/volumebinding/{volume_binding,binder}.go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import attrs

from kubelite.api.nodeselector import matches_terms
from kubelite.api.resources import (
    CSIDRIVERS,
    CSISTORAGECAPACITIES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    STORAGECLASSES,
)
from kubelite.api.storage import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    NO_PROVISIONER,
    SELECTED_NODE,
    annotated,
    annotations_of,
    class_of,
    is_for,
    reference_to,
)
from kubelite.apimachinery import meta, quantity
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object
from kubelite.scheduler.framework import Filtering, Handle, Plugin, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

NAME: Final = "VolumeBinding"
BIND_TIMEOUT_S: Final = 600.0
NOT_FOUND = "node(s) didn't find available persistent volumes to bind"
ELSEWHERE = "node(s) didn't match PersistentVolume's node affinity"
NO_SPACE = "node(s) did not have enough free storage"
GONE = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
ByClass = Mapping[str, Sequence[Object]]
"""Volumes by the names of their classes; "" for none."""


@attrs.define(eq=False)
class Claims:
    """The claims of a pod, by what has to be done about them."""

    bound: list[Object] = attrs.field(factory=list)
    delayed: list[Object] = attrs.field(factory=list)
    immediate: list[Object] = attrs.field(factory=list)


@attrs.frozen(eq=False)
class Decisions:
    """What has to be written before a pod can be bound.

    Attributes:
        bindings: Claims, and the volumes chosen for them.
        provisions: Claims to be marked with the node.
    """

    node: str
    bindings: tuple[tuple[Object, Object], ...]
    provisions: tuple[Object, ...]


def is_bound(claim: Object) -> bool:
    """Whether a claim has its volume, and both know it."""
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in annotations_of(claim)


def is_near(volume: Object, node: NodeInfo) -> bool:
    """Whether a volume's node affinity allows a node."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return not required or matches_terms(required.get("nodeSelectorTerms") or (), node.labels, node.name)


def _storage(resources: Mapping[str, Any] | None) -> Any:
    return quantity.parse((resources or {}).get("storage") or "0")


def find_volume(
    claim: Object, volumes: Sequence[Object], node: NodeInfo, taken: Collection[str]
) -> Object | None:
    """The smallest volume which a claim could have on a node; the one made for it, if there is one.

    Args:
        claim: Not bound yet.
        volumes: Of the claim's class.
        node: Where it is to be.
        taken: Names of volumes that are set aside.
    """
    spec = claim["spec"]
    wanted = _storage((spec.get("resources") or {}).get("requests"))
    selector = from_label_selector(spec["selector"]) if spec.get("selector") else None
    best: Object | None = None
    for volume in volumes:
        name, inside = volume["metadata"]["name"], volume["spec"]
        if (inside.get("volumeMode") or "Filesystem") != (spec.get("volumeMode") or "Filesystem"):
            continue
        if name in taken or meta.is_being_deleted(volume) or not is_near(volume, node):
            continue
        if inside.get("claimRef"):
            if is_for(volume, claim):
                return volume
            continue
        if (volume.get("status") or {}).get("phase") not in {"Available", None}:
            continue
        if selector is not None and not selector.matches(volume["metadata"].get("labels")):
            continue
        if not set(spec.get("accessModes") or ()) <= set(inside.get("accessModes") or ()):
            continue
        size = _storage(inside.get("capacity"))
        if size >= wanted and (best is None or size < _storage(best["spec"].get("capacity"))):
            best = volume
    return best


class VolumeBinding(Plugin):
    """See the module's docstring."""

    name = NAME

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        super().__init__(handle, args)
        self.bind_timeout_s = float(args.get("bindTimeoutSeconds") or BIND_TIMEOUT_S)
        self.reserved: dict[str, Decisions] = {}

    # -- what the pod needs

    def pre_filter(self, info: PodInfo) -> Filtering | Status | None:
        """Nodes where the bound claims' volumes are, and where the others can get some."""
        claims = self._claims(info)
        if isinstance(claims, Status):
            return claims
        if claims.immediate:
            return Status(NAME, ("pod has unbound immediate PersistentVolumeClaims",))

        volumes = self._by_class() if claims.delayed else {}

        def test(node: NodeInfo) -> Status | None:
            reasons = self._reasons(claims, node, volumes)
            return Status(NAME, reasons) if reasons else None

        return Filtering(test)

    def _claims(self, info: PodInfo) -> Claims | Status:
        found = Claims()
        lister = self.handle.lister(PERSISTENTVOLUMECLAIMS)
        for volume in info.spec.get("volumes") or ():
            is_ephemeral = "ephemeral" in volume
            if is_ephemeral:
                name = f"{info.pod['metadata']['name']}-{volume['name']}"
            elif "persistentVolumeClaim" in volume:
                name = volume["persistentVolumeClaim"]["claimName"]
            else:
                continue
            claim = lister.get(info.namespace, name)
            problem = self._problem(info, claim, name, is_ephemeral=is_ephemeral)
            if problem:
                return Status(NAME, (problem,))
            assert claim is not None
            self._sort(claim, found)
        return found

    @staticmethod
    def _problem(info: PodInfo, claim: Object | None, name: str, *, is_ephemeral: bool) -> str:
        if claim is None:
            if is_ephemeral:
                return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
            return f'persistentvolumeclaim "{name}" not found'
        if (claim.get("status") or {}).get("phase") == "Lost":
            volume = claim["spec"].get("volumeName", "")
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
        if meta.is_being_deleted(claim):
            return f'persistentvolumeclaim "{name}" is being deleted'
        if is_ephemeral:
            owner = meta.controller_of(claim)
            if owner is None or owner["uid"] != info.uid:
                return (
                    f'PVC "{info.namespace}/{name}" was not created for pod "{info.key}" (pod is not owner)'
                )
        return ""

    def _sort(self, claim: Object, found: Claims) -> None:
        if is_bound(claim):
            found.bound.append(claim)
            return
        of_class = self.handle.lister(STORAGECLASSES).get(None, class_of(claim))
        waits = of_class is not None and of_class.get("volumeBindingMode") == "WaitForFirstConsumer"
        (found.delayed if waits and not claim["spec"].get("volumeName") else found.immediate).append(claim)

    # -- what a node offers

    def _by_class(self) -> ByClass:
        """All volumes, sorted once for all nodes that are asked about a pod."""
        found: dict[str, list[Object]] = {}
        for volume in self.handle.lister(PERSISTENTVOLUMES).list():
            found.setdefault(class_of(volume), []).append(volume)
        return found

    def _reasons(self, claims: Claims, node: NodeInfo, volumes: ByClass) -> tuple[str, ...]:
        reasons = []
        lister = self.handle.lister(PERSISTENTVOLUMES)
        for claim in claims.bound:
            volume = lister.get(None, claim["spec"]["volumeName"])
            if volume is None:
                reasons.append(GONE)
            elif not is_near(volume, node):
                reasons.append(ELSEWHERE)
        if claims.delayed:
            decided = self._decide(claims.delayed, node, volumes)
            if isinstance(decided, str):
                reasons.append(decided)
        return tuple(dict.fromkeys(reasons))

    def _decide(self, claims: Sequence[Object], node: NodeInfo, volumes: ByClass) -> Decisions | str:
        """What to do about claims that wait for their first consumer; or why it cannot be done there."""
        taken = {volume["metadata"]["name"] for each in self.reserved.values() for _, volume in each.bindings}
        bindings: list[tuple[Object, Object]] = []
        provisions: list[Object] = []
        by_size = sorted(
            claims, key=lambda each: _storage((each["spec"].get("resources") or {}).get("requests"))
        )
        for claim in by_size:
            chosen = annotations_of(claim).get(SELECTED_NODE)
            if chosen:
                if chosen != node.name:
                    return NOT_FOUND
                provisions.append(claim)
                continue
            volume = find_volume(claim, volumes.get(class_of(claim), ()), node, taken)
            if volume is not None:
                taken.add(volume["metadata"]["name"])
                bindings.append((claim, volume))
                continue
            problem = self._why_not_made(claim, node)
            if problem:
                return problem
            provisions.append(claim)
        return Decisions(node.name, tuple(bindings), tuple(provisions))

    def _why_not_made(self, claim: Object, node: NodeInfo) -> str:
        """Why no volume can be provisioned for a claim on a node; "" if one can."""
        of_class = self.handle.lister(STORAGECLASSES).get(None, class_of(claim))
        if of_class is None or of_class["provisioner"] in {"", NO_PROVISIONER}:
            return NOT_FOUND
        topologies = of_class.get("allowedTopologies")
        if topologies and not any(
            all(
                node.labels.get(each["key"]) in each["values"]
                for each in term.get("matchLabelExpressions") or ()
            )
            for term in topologies
        ):
            return NOT_FOUND
        driver = self.handle.lister(CSIDRIVERS).get(None, of_class["provisioner"])
        if driver is None or not driver["spec"].get("storageCapacity"):
            return ""
        wanted = _storage((claim["spec"].get("resources") or {}).get("requests"))
        for each in self.handle.lister(CSISTORAGECAPACITIES).list():
            size = each.get("maximumVolumeSize") or each.get("capacity")
            if (
                each["storageClassName"] == of_class["metadata"]["name"]
                and size
                and quantity.parse(size) >= wanted
                and from_label_selector(each.get("nodeTopology")).matches(node.labels)
            ):
                return ""
        return NO_SPACE

    # -- what was decided

    def reserve(self, info: PodInfo, node: NodeInfo) -> Status | None:
        """Sets volumes aside for the pod."""
        claims = self._claims(info)
        if isinstance(claims, Status) or not claims.delayed:
            return claims if isinstance(claims, Status) else None
        decided = self._decide(claims.delayed, node, self._by_class())
        if isinstance(decided, str):
            return Status(NAME, (decided,))
        self.reserved[info.uid] = decided
        return None

    def unreserve(self, info: PodInfo) -> None:
        """They may go to others."""
        self.reserved.pop(info.uid, None)

    def writes(self, info: PodInfo) -> list[tuple[str, Object]]:
        """What PreBind writes: volumes (`volume`) with their claim, claims (`claim`) with their node."""
        decided = self.reserved.get(info.uid)
        if decided is None:
            return []
        made = [("volume", claimed(volume, claim)) for claim, volume in decided.bindings]
        made += [
            ("claim", annotated(claim, {SELECTED_NODE: decided.node}))
            for claim in decided.provisions
            if annotations_of(claim).get(SELECTED_NODE) != decided.node
        ]
        return made

    def progress(self, info: PodInfo) -> bool | str:
        """Whether all claims of a pod are bound by now; a text says that they will not be."""
        decided = self.reserved.get(info.uid)
        if decided is None:
            return True
        lister = self.handle.lister(PERSISTENTVOLUMECLAIMS)
        done = True
        for claim in (*(claim for claim, _ in decided.bindings), *decided.provisions):
            name = claim["metadata"]["name"]
            now = lister.get(info.namespace, name)
            if now is None or now["metadata"]["uid"] != claim["metadata"]["uid"]:
                return f'binding volumes: persistentvolumeclaim "{name}" not found'
            if is_bound(now):
                continue
            done = False
            is_news = now["metadata"]["resourceVersion"] != claim["metadata"]["resourceVersion"]
            if claim in decided.provisions and is_news and SELECTED_NODE not in annotations_of(now):
                # Its provisioner gave up the node.
                return f'binding volumes: provisioning failed for PVC "{name}"'
        return done


def claimed(volume: Object, claim: Object) -> Object:
    """A volume that is for a claim."""
    before = volume["spec"].get("claimRef") or {}
    if before.get("uid") == claim["metadata"]["uid"]:
        return volume
    changed = {**volume, "spec": {**volume["spec"], "claimRef": reference_to(claim)}}
    return changed if before else annotated(changed, {BOUND_BY_CONTROLLER: "yes"})
