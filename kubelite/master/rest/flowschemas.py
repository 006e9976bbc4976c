"""The FlowSchemas and priority levels of the cluster, followed so that requests are told theirs.

Nothing runs for this: two watchers collect what changes, and the next request takes it.
"""

from __future__ import annotations

import asyncio
from typing import Final

from kubelite.api.resources import FLOWSCHEMAS, PRIORITYLEVELCONFIGURATIONS
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.requests import SYSTEM_AUTHENTICATED, SYSTEM_MASTERS, Message, UserInfo, Watch
from kubelite.client.watcher import Watcher
from kubelite.master.rest.flowcontrol import Classification, Classifier
from kubelite.master.rest.requestinfo import RequestInfo
from kubelite.runtime import Ref

_USER: Final = UserInfo("system:apiserver", (SYSTEM_MASTERS, SYSTEM_AUTHENTICATED))
_FOLLOWED: Final = (FLOWSCHEMAS, PRIORITYLEVELCONFIGURATIONS)


class FlowSchemas:
    """What is known of the FlowSchemas and priority levels."""

    def __init__(self, apiserver: Ref[Message]) -> None:
        self._apiserver = apiserver
        self._watchers: dict[Resource, Watcher] = {}
        self._objects: dict[Resource, dict[str, Object]] = {resource: {} for resource in _FOLLOWED}
        self._classifier = Classifier((), ())
        self._changes = 1
        self._taken = 0
        self._refreshing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<FlowSchemas {self._classifier!r}{', stale' if self.stale else ''}>"

    @property
    def stale(self) -> bool:
        """Whether `refresh` has something to do."""
        return self._taken != self._changes

    def classify(self, user: UserInfo, info: RequestInfo) -> Classification | None:
        """Where a request belongs; None if no schema takes it."""
        return self._classifier.classify(user, info)

    async def refresh(self) -> None:
        """Take what has changed; who comes meanwhile waits for that."""
        async with self._refreshing:
            if not self.stale:
                return
            taken = self._changes
            for resource in _FOLLOWED:
                await self._follow(resource)
            schemas, levels = (self._objects[resource].values() for resource in _FOLLOWED)
            self._classifier = Classifier(schemas, levels)
            self._taken = taken

    async def _follow(self, resource: Resource) -> None:
        watcher = self._watchers.get(resource)
        if watcher is None or watcher.ended:
            watcher = await Watch(user=_USER, resource=resource).ask(self._apiserver)
            watcher.on_ready = self._changed
            self._watchers[resource] = watcher
            self._objects[resource] = {}
        objects = self._objects[resource]
        for event in watcher.take():
            name = event.object.get("metadata", {}).get("name", "")
            if event.type in {"ADDED", "MODIFIED"}:
                objects[name] = event.object
            elif event.type == "DELETED":
                objects.pop(name, None)

    def _changed(self) -> None:
        self._changes += 1

    def close(self) -> None:
        """Follow nothing any more."""
        for watcher in self._watchers.values():
            watcher.on_ready = None
            watcher.stop()
        self._watchers.clear()
