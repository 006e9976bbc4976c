"""What the pods of a node are made of, and is found in the API: Services, ConfigMaps, Secrets, volumes.

A node of whose pods none mounts or reads any does not even watch them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kubelite.api.resources import (
    CONFIGMAPS,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    SECRETS,
    SERVICES,
)
from kubelite.apimachinery.scheme import Object
from kubelite.node.environment import service_environment

if TYPE_CHECKING:
    from kubelite.client.informer import Informer, InformerFactory


class PodLookups:
    """The node's view of them.

    Args:
        informers: Shared ones.
        source_changed: Is called with the namespace of a ConfigMap or Secret that has changed.
    """

    def __init__(self, informers: InformerFactory, source_changed: Callable[[str], None]) -> None:
        self._informers = informers
        self._source_changed = source_changed
        self._services: Informer = informers.informer(SERVICES)
        self._config_maps: Informer | None = None
        self._secrets: Informer | None = None
        self._claims: Informer | None = None
        self._persistent_volumes: Informer | None = None
        self._service_env: dict[tuple[str, bool], Mapping[str, str]] = {}
        self._handlers: list[Callable[[], None]] = []

    def close(self) -> None:
        """Hears of no more changes: the informers outlive the kubelet."""
        for remove in self._handlers:
            remove()
        self._handlers.clear()

    def follow_services(self) -> None:
        """From now on, variables are made anew after a Service has changed."""
        self._handlers.append(self._services.add_handler(lambda _old, _new: self._service_env.clear()))

    def services_of(self, namespace: str, *, links: bool) -> Mapping[str, str]:
        """Variables of the Services there are now."""
        key = (namespace, links)
        found = self._service_env.get(key)
        if found is None:
            found = self._service_env[key] = service_environment(
                self._services.list(), namespace, links=links
            )
        return found

    def ready(self) -> bool:
        """Whether ConfigMaps, Secrets and claims are known; the first question starts the watching."""
        if self._config_maps is None or self._secrets is None:
            self._config_maps = self._informers.informer(CONFIGMAPS)
            self._secrets = self._informers.informer(SECRETS)
            self._claims = self._informers.informer(PERSISTENTVOLUMECLAIMS)
            self._persistent_volumes = self._informers.informer(PERSISTENTVOLUMES)
            for each in (self._config_maps, self._secrets):
                self._handlers.append(each.add_handler(self._changed))
        return all(each.has_synced for each in self._looked_up())

    def _looked_up(self) -> tuple[Informer, ...]:
        found = self._config_maps, self._secrets, self._claims, self._persistent_volumes
        return tuple(each for each in found if each is not None)

    async def wait(self) -> None:
        """Wait until ConfigMaps, Secrets and claims are known."""
        if not self.ready():
            for each in self._looked_up():
                await each.wait_synced()

    def config_map(self, namespace: str, name: str) -> Object | None:
        """The ConfigMap, or None."""
        self.ready()  # a kubelet that took pods over has not asked for them yet
        assert self._config_maps is not None
        return self._config_maps.get(namespace, name)

    def secret(self, namespace: str, name: str) -> Object | None:
        """The Secret, or None."""
        self.ready()
        assert self._secrets is not None
        return self._secrets.get(namespace, name)

    def claim(self, namespace: str, name: str) -> Object | None:
        """The PersistentVolumeClaim, or None."""
        self.ready()
        assert self._claims is not None
        return self._claims.get(namespace, name)

    def persistent_volume(self, name: str) -> Object | None:
        """The PersistentVolume, or None."""
        self.ready()
        assert self._persistent_volumes is not None
        return self._persistent_volumes.get(None, name)

    def _changed(self, old: Object | None, new: Object | None) -> None:
        found = new or old
        assert found is not None
        self._source_changed(found["metadata"]["namespace"])
