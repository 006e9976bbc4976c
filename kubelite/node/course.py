"""One step of a pod's lifecycle in the making: what it collects becomes the new state and the effects."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

import attrs

from kubelite.node.containerstate import ALIVE, ContainerSpec, Stage
from kubelite.node.podstate import (
    NORMAL,
    Effect,
    PodState,
    ProbeKind,
    RecordEvent,
    RunHook,
    StopProbes,
    TerminateContainer,
)

FORCED_GRACE_S: Final = 1.0
"""The grace of a pod whose object was removed by force."""
_RESTARTING_PROBES: Final[tuple[ProbeKind, ...]] = ("startup", "liveness")


class Course:
    """From a state to the next.

    Attributes:
        state: The pod, but for its containers.
        now: Unix seconds.
        effects: What is to be done, in order.
        containers: By name, as they are now.
    """

    def __init__(self, state: PodState, now: float) -> None:
        self.state = state
        self.now = now
        self.effects: list[Effect] = []
        self.containers = dict(state.containers)

    def result(self) -> PodState:
        """The state; the old one if nothing changed."""
        if self.containers == self.state.containers:
            return self.state
        return attrs.evolve(self.state, containers=MappingProxyType(self.containers))

    def stop_by(self, time: float) -> None:
        """The pod is to be stopped by then; only an earlier time changes a given one."""
        if self.state.stop_by is not None and self.state.stop_by <= time:
            return
        self.set(stop_by=time)
        for name, container in self.containers.items():
            if container.stage is Stage.STOPPING and container.kill_at > time:
                self.containers[name] = attrs.evolve(container, kill_at=max(time, self.now))

    def stop(self, name: str, grace_s: float, message: str) -> None:
        """Begin to stop a container that is not stopping yet."""
        container = self.containers[name]
        if container.stage not in ALIVE or container.stage is Stage.STOPPING:
            return
        self.event(NORMAL, "Killing", message, name)
        self.stop_probes(container.spec, _RESTARTING_PROBES)
        hook = container.spec.pre_stop and grace_s > 0
        grace_s = grace_s if hook else max(grace_s, FORCED_GRACE_S)
        self.containers[name] = container.to(
            Stage.STOPPING, kill_at=self.now + grace_s, hook_running=hook, killed=False
        )
        self.effects.append(RunHook(name, "preStop") if hook else TerminateContainer(name))

    def stop_probes(self, spec: ContainerSpec, probes: tuple[ProbeKind, ...]) -> None:
        """Stop those of them that the container has."""
        if spec.startup or spec.readiness or spec.liveness:
            self.effects.append(StopProbes(spec.name, probes))

    def event(self, type_: str, reason: str, message: str, container: str = "") -> None:
        """Tell the user; `container` is "" for what concerns the whole pod."""
        self.effects.append(RecordEvent(type_, reason, message, container))

    def set(self, **changes: Any) -> None:
        """Change the state."""
        self.state = attrs.evolve(self.state, **changes)
