"""What looks into the containers of one pod from outside: its probes, and its hooks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from kubelite.node.checks import OUTPUT_MAX, Target, check
from kubelite.node.podstate import WARNING, HookEnded, HookKind, ProbeChanged, ProbeKind
from kubelite.node.probes import Outcome, Prober, ProbeSpec, news, probe_spec
from kubelite.node.workerhost import WorkerEvent

if TYPE_CHECKING:
    from kubelite.node.podworker import PodWorker

_HOOK_PROBLEMS: Final = {"postStart": "PostStartHook failed", "preStop": "PreStopHook failed"}


class PodChecks:
    """The probes and hooks of one pod.

    Args:
        worker: The pod's; what comes of them is told to its kubelet.

    Attributes:
        results: How often probes ended how: container, kind, result.
    """

    __slots__ = ("_probers", "_worker", "results")

    def __init__(self, worker: PodWorker) -> None:
        self._worker = worker
        self._probers: dict[tuple[str, ProbeKind], Prober] = {}
        self.results: Counter[tuple[str, ProbeKind, str]] = Counter()

    def target(self, name: str) -> Target:
        """What checks of a container need."""
        machine = self._worker.host.machine
        container = self._worker.state.containers[name]

        async def run(command: list[str]) -> tuple[int, str]:
            output = _Output()
            code = await machine.runtime.exec(container.container_id, command, stdout=output, stderr=output)
            return code, output.text()

        return Target(
            container=container.spec.raw,
            address=self._worker.state.address,
            network=machine.network,
            session=self._worker.host.session,
            run=run,
            clock=machine.clock,
        )

    async def run_hook(self, name: str, attempt: int, hook: HookKind) -> None:
        """Run a hook, and tell how it ended."""
        action = self._worker.state.containers[name].spec.raw["lifecycle"][hook]
        outcome = await check(self.target(name), action, None)
        problem = "" if outcome.success else _HOOK_PROBLEMS[hook]
        self._worker.host.tell(WorkerEvent(self._worker.uid, HookEnded(name, attempt, hook, problem)))

    def start(self, name: str, kinds: tuple[ProbeKind, ...]) -> None:
        """Begin those probes of a container that it has."""
        container = self._worker.state.containers[name]
        for kind in kinds:
            raw = container.spec.raw.get(f"{kind}Probe")
            if not raw:
                continue
            prober = self._prober(name, container.attempt, probe_spec(kind, raw))
            self._probers[name, kind] = prober
            ran_s = self._worker.host.machine.clock.now() - container.started_at
            prober.start(ran_s, self._worker.host.probe_delay(prober.spec.period_s))

    def _prober(self, name: str, attempt: int, spec: ProbeSpec) -> Prober:
        target = self.target(name)

        async def run(spec: ProbeSpec) -> Outcome:
            outcome = await check(target, spec.raw, spec.timeout_s)
            self.results[name, spec.kind, result_of(outcome)] += 1
            return outcome

        def tell(spec: ProbeSpec, outcome: Outcome) -> None:
            self._worker.host.record(self._worker.base, WARNING, *news(spec, outcome), name)

        def changed(spec: ProbeSpec, success: bool, output: str) -> None:
            event = ProbeChanged(name, attempt, spec.kind, success, output)
            self._worker.host.tell(WorkerEvent(self._worker.uid, event))

        return Prober(
            spec,
            check=run,
            call_later=self._worker.host.machine.clock.call_later,
            pace=self._worker.host.pace,
            start_task=lambda coroutine: self._worker.host.start_task(coroutine, f"{spec.kind} probe"),
            tell=tell,
            changed=changed,
        )

    def stop_of(self, name: str, kinds: tuple[ProbeKind, ...]) -> None:
        """End probes of a container."""
        for kind in kinds:
            if (prober := self._probers.pop((name, kind), None)) is not None:
                prober.stop()

    def stop(self) -> None:
        """End all probing."""
        for prober in self._probers.values():
            prober.stop()
        self._probers.clear()


def result_of(outcome: Outcome) -> str:
    """What metrics call the way in which a probe ended."""
    if not outcome.made:
        return "unknown"
    return "successful" if outcome.success else "failed"


class _Output:
    """What a command wrote, up to a bound."""

    def __init__(self) -> None:
        self._data = b""

    def write(self, data: str | bytes) -> None:
        """Append."""
        if len(self._data) < OUTPUT_MAX:
            self._data += data.encode() if isinstance(data, str) else bytes(data)

    def text(self) -> str:
        """As text."""
        return self._data[:OUTPUT_MAX].decode(errors="replace")
