"""Spreading endpoints over slices with as few changed slices as possible.

Endpoints that exist stay where they are. New ones go first into slices that change anyway, then into the
fullest unchanged slice that has room for all the rest, then into new slices. Slices that became empty are
deleted, or reused for new ones, so that watchers see one update instead of a deletion and a creation.

Invariant: each wanted endpoint is in exactly one slice, no slice has more than the maximum.

Source: k8s.io/endpointslice/reconciler.go (reconcileByPortMapping, finalize).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from kubelite.apimachinery.scheme import Object

ENDPOINTS_MAX: Final = 100
"""Endpoints in one slice, as Kubernetes' --max-endpoints-per-slice."""


class Packing(NamedTuple):
    """How slices of one set of ports have to change.

    Attributes:
        update: (slice, its new endpoints).
        create: The endpoints of new slices.
        delete: Slices that became empty.
        unchanged: Slices that stay as they are.
    """

    update: tuple[tuple[Object, list[Object]], ...] = ()
    create: tuple[list[Object], ...] = ()
    delete: tuple[Object, ...] = ()
    unchanged: tuple[Object, ...] = ()


def endpoint_key(endpoint: Object) -> str:
    """What makes two endpoints the same one: the pod (or the host name and node) and the addresses."""
    target = endpoint.get("targetRef") or {}
    return "|".join(
        (
            target.get("uid") or "",
            endpoint.get("nodeName") or "",
            endpoint.get("hostname") or "",
            *sorted(endpoint["addresses"]),
        )
    )


def pack(
    slices: Sequence[Object], wanted: Mapping[str, Object], *, endpoints_max: int = ENDPOINTS_MAX
) -> Packing:
    """How to change `slices`, all of the same ports, so that they hold `wanted` (by `endpoint_key`)."""
    missing = dict(wanted)
    changed: list[tuple[Object, list[Object]]] = []
    unchanged: list[Object] = []
    for each in slices:
        had = each.get("endpoints") or []
        kept: list[Object] = []
        differs = False
        for endpoint in had:
            new = missing.pop(endpoint_key(endpoint), None)
            if new is None:
                differs = True
                continue
            kept.append(new)
            differs = differs or new != endpoint
        if differs or len(had) > endpoints_max:
            for surplus in kept[endpoints_max:]:
                missing[endpoint_key(surplus)] = surplus
            changed.append((each, kept[:endpoints_max]))
        else:
            unchanged.append(each)
    rest = list(missing.values())
    for _, kept in sorted(changed, key=lambda entry: -len(entry[1])):
        room = endpoints_max - len(kept)
        kept += rest[:room]
        rest = rest[room:]
    _fill_one(unchanged, changed, rest, endpoints_max)
    create = tuple(rest[start : start + endpoints_max] for start in range(0, len(rest), endpoints_max))
    return Packing(
        update=tuple((each, kept) for each, kept in changed if kept),
        create=create,
        delete=(
            *(each for each, kept in changed if not kept),
            *(each for each in unchanged if not each.get("endpoints")),
        ),
        unchanged=tuple(each for each in unchanged if each.get("endpoints")),
    )


def _fill_one(
    unchanged: list[Object],
    changed: list[tuple[Object, list[Object]]],
    rest: list[Object],
    endpoints_max: int,
) -> None:
    """Put all of what is left into the fullest slice with room for it, if there is one."""
    if not rest or len(rest) >= endpoints_max:
        return
    fitting = [each for each in unchanged if len(each.get("endpoints") or ()) + len(rest) <= endpoints_max]
    if fitting:
        best = max(fitting, key=lambda each: len(each.get("endpoints") or ()))
        unchanged.remove(best)
        changed.append((best, [*(best.get("endpoints") or ()), *rest]))
        rest.clear()
