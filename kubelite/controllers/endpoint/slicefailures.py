"""What is told of EndpointSlices that could not be written as they should. Pure.

Source: k8s.io/endpointslice/reconciler.go (finalize),
pkg/controller/{endpointslice/endpointslice_controller,endpointslicemirroring/endpointslicemirroring_controller}.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubelite.apimachinery.scheme import Object
from kubelite.reconcile.intents import CreateObject, DeleteObject, Outcomes, RecordEvent, UpdateObject

REASON = "FailedToUpdateEndpointSlices"


def failures_of(owner: Object, outcomes: Outcomes) -> list[str]:
    """What failed of the writes of slices, one text each.

    Args:
        owner: The Service, or the Endpoints that are mirrored.
        outcomes: Of the writes.
    """
    metadata = owner["metadata"]
    whose = f"EndpointSlice for {owner['kind']} {metadata['namespace']}/{metadata['name']}"
    found = []
    for outcome in outcomes:
        if not outcome.failed:
            continue
        match outcome.intent:
            case CreateObject():
                found.append(f"failed to create {whose}: {outcome.error}")
            case UpdateObject():
                name = outcome.intent.object["metadata"]["name"]
                found.append(f"failed to update {name} {whose}: {outcome.error}")
            case DeleteObject():
                found.append(f"failed to delete {outcome.intent.name} {whose}: {outcome.error}")
    return found


def failure_event(owner: Object, failures: Sequence[str]) -> RecordEvent:
    """The Event that tells of failures, of which there must be some."""
    metadata = owner["metadata"]
    what = failures[0] if len(failures) == 1 else f"[{', '.join(dict.fromkeys(failures))}]"
    whose = f"{owner['kind']} {metadata['namespace']}/{metadata['name']}"
    return RecordEvent(owner, "Warning", REASON, f"Error updating Endpoint Slices for {whose}: {what}")
