"""Whose object is this: controller references, adoption of orphans, release of strays.

Adoption needs matching labels, no other controller, an object that is not being deleted, and an owner that
is not being deleted, which is read live before the patch (`IfAlive`): an informer may not know yet that the
owner is gone. Release takes away only the one reference.

Source: k8s.io/kubernetes/pkg/controller/controller_ref_manager.go (ClaimObject, AdoptPod, ReleasePod).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Final, NamedTuple

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.reconcile.informing import InformerLike
from kubelite.reconcile.intents import IfAlive, Intent, Outcomes, PatchObject

ORPHANS: Final = "controllerless"
"""Index: namespace -> objects without a controller."""


def controller_ref(owner: Object, resource: Resource) -> Object:
    """The reference that makes `owner` the controller of an object."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Object) -> Object | None:
    """The reference to the controller of `obj`, or None."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: Object = reference
            return found
    return None


def orphan_keys(obj: Object) -> tuple[str, ...]:
    """The index `ORPHANS`."""
    return () if controller_of(obj) is not None else (obj["metadata"].get("namespace", ""),)


def key_of(obj: Object) -> str:
    """`namespace/name`, or `name` for cluster-scoped objects."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def split_key(key: str) -> tuple[str | None, str]:
    """The namespace (None for cluster-scoped objects) and the name of a key."""
    namespace, slash, name = key.partition("/")
    return (namespace, name) if slash else (None, key)


class Claims(NamedTuple):
    """Which objects belong to an owner.

    Attributes:
        owned: Those with its reference and matching labels.
        adopt: Matching orphans.
        release: Those with its reference whose labels match no more.
    """

    owned: tuple[Object, ...]
    adopt: tuple[Object, ...]
    release: tuple[Object, ...]


def claim(owner: Object, candidates: Iterable[Object], matches: Callable[[Object], bool]) -> Claims:
    """Decide which of `candidates` (of the owner's namespace) are owned, to be adopted or to be released."""
    uid = owner["metadata"]["uid"]
    deleting = owner["metadata"].get("deletionTimestamp") is not None
    owned: list[Object] = []
    adopt: list[Object] = []
    release: list[Object] = []
    for candidate in candidates:
        reference = controller_of(candidate)
        if reference is not None:
            if reference["uid"] != uid:
                continue
            if matches(candidate):
                owned.append(candidate)
            elif not deleting:
                release.append(candidate)
        elif not deleting and not candidate["metadata"].get("deletionTimestamp") and matches(candidate):
            adopt.append(candidate)
    return Claims(tuple(owned), tuple(adopt), tuple(release))


def plan_claims(
    claims: Claims,
    owner: Object,
    owner_resource: Resource,
    resource: Resource,
    finalizers: Sequence[str] = (),
) -> tuple[Intent, ...]:
    """The patches that adopt and release.

    Args:
        claims: Who is adopted and released.
        finalizers: What those who are adopted get, and those who are released lose.
        owner: By whom.
        owner_resource: Its kind.
        resource: Their kind.
    """
    metadata = owner["metadata"]
    held = {"finalizers": list(finalizers)} if finalizers else {}
    let_go = {"$deleteFromPrimitiveList/finalizers": list(finalizers)} if finalizers else {}
    intents: list[Intent] = [
        PatchObject(
            resource,
            stray["metadata"].get("namespace"),
            stray["metadata"]["name"],
            {
                "metadata": {
                    "uid": stray["metadata"]["uid"],
                    "ownerReferences": [{"$patch": "delete", "uid": metadata["uid"]}],
                    **let_go,
                }
            },
            patch_type="strategic",
        )
        for stray in claims.release
    ]
    if claims.adopt:
        reference = controller_ref(owner, owner_resource)
        adoptions = tuple(
            PatchObject(
                resource,
                orphan["metadata"].get("namespace"),
                orphan["metadata"]["name"],
                {"metadata": {"uid": orphan["metadata"]["uid"], "ownerReferences": [reference], **held}},
                patch_type="strategic",
            )
            for orphan in claims.adopt
        )
        intents.append(
            IfAlive(owner_resource, metadata.get("namespace"), metadata["name"], metadata["uid"], adoptions)
        )
    return tuple(intents)


def claimed(
    informer: InformerLike,
    owner: Object,
    owner_resource: Resource,
    resource: Resource,
    matches: Callable[[Object], bool],
    *,
    counts: Callable[[Object], bool] = lambda _: True,
    finalizers: Sequence[str] = (),
) -> Generator[Sequence[Intent], Outcomes, list[Object]]:
    """Part of a look: what belongs to an owner, after adoption and release.

    Args:
        informer: Of what is owned, with the index `ORPHANS`.
        owner: By whom.
        owner_resource: Its kind.
        resource: Of what is owned.
        matches: Whether an object has the labels that the owner selects.
        counts: Which objects are looked at at all.
        finalizers: As for `plan_claims`.
    """
    orphans = informer.by_index(ORPHANS, owner["metadata"].get("namespace", ""))
    candidates = [each for each in informer.by_owner(owner["metadata"]["uid"]) if counts(each)]
    candidates += [each for each in orphans if matches(each) and counts(each)]
    claims = claim(owner, candidates, matches)
    if not claims.adopt and not claims.release:
        return list(claims.owned)
    outcomes = yield plan_claims(claims, owner, owner_resource, resource, finalizers)
    adopted = {each["metadata"]["name"] for each in claims.adopt}
    return [
        *claims.owned,
        *(
            outcome.object
            for outcome in outcomes
            if isinstance(outcome.intent, PatchObject)
            and outcome.object is not None
            and outcome.intent.name in adopted
        ),
    ]
