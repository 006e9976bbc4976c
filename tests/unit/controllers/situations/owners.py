"""What is told of owners that cannot be."""

from __future__ import annotations

from kubelite.api.resources import (
    CONFIGMAPS,
    PODS,
)
from kubelite.controllers.garbagecollector.controller import GarbageCollector
from tests.unit.controllers.desk import Desk
from tests.unit.controllers.situations.parts import (
    named,
    owned,
    pod,
    tells,
)


@tells(
    GarbageCollector,
    "Pod",
    "Warning",
    "OwnerRefInvalidNamespace",
    'ownerRef [v1/ConfigMap, namespace: d, name: o, uid: uid-o] does not exist in namespace "d"',
)
def an_owner_lives_in_another_namespace():
    desk, owner = Desk(), named("o")
    owner["metadata"]["namespace"] = "e"
    desk.put(CONFIGMAPS, owner)
    desk.put(PODS, owned(pod(), owner, "ConfigMap", "v1"))
    controller = desk.make(GarbageCollector)
    for watch in controller.watches():
        for obj in desk.informer(watch.resource).objects:
            list(watch.keys(None, obj))
    return desk.look(controller, "uid-p")
