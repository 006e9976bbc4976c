"""What situations are made of, and the table that they fill."""

from __future__ import annotations

import pytest

from kubelite.apimachinery.apierrors import InternalError
from kubelite.apimachinery.timestamps import format_time
from tests.unit.controllers.desk import NOW, Desk, owned_by

TIME = format_time(NOW)
LABELS = {"a": "b"}
SELECTOR = {"matchLabels": LABELS}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
NO = InternalError("no")
NO_TEXT = "Internal error occurred: no"

TABLE = []


def tells(controller, kind, type_, reason, message):
    """A row: the situation below makes this Event, about an object of this kind."""

    def keep(situation):
        TABLE.append(
            pytest.param(controller, kind, (type_, reason, message), situation, id=f"{kind}-{reason}")
        )
        return situation

    return keep


def refuse(sort, resource=None, error=NO):
    """The answer to what is asked: this sort of request, of this kind of objects, fails."""

    def answer(intent):
        hit = isinstance(intent, sort) and resource in {None, getattr(intent, "resource", None)}
        return error if hit else None

    return answer


def named(name, uid=None, **more):
    metadata = {"name": name, "namespace": "d", "uid": uid or f"uid-{name}", "resourceVersion": "1"}
    return {"metadata": {**metadata, "creationTimestamp": TIME, "generation": 1}, **more}


def owned(obj, owner, kind, api_version="apps/v1"):
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": [owned_by(owner, kind, api_version)]}}


def pod(name="p", *, ready=True, owner=None, phase="Running", labels=None, node="n", **spec):
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": format_time(NOW - 100)}
    made = named(name, spec={"nodeName": node, **spec}, status={"phase": phase, "conditions": [condition]})
    made["metadata"]["labels"] = labels or LABELS
    return made if owner is None else owned(made, *owner)


def look(controller, key, *there, answer=lambda _: None, **options):
    """What a look at `key` asks for when these (kind, object) are there."""
    desk = Desk()
    for resource, obj in there:
        desk.put(resource, obj)
    return desk.look(desk.make(controller, **options), key, answer)


def node(name="n", **spec):
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": {}, "creationTimestamp": TIME},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": TIME}]},
    }
