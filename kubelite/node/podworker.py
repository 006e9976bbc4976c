"""A pod worker feeds events to the lifecycle of one pod and carries out its effects.

It has no task of its own: the kubelet calls it, and what takes time is told to the kubelet when it is done.

Source: pkg/kubelet/pod_workers.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, assert_never

from kubelite.api import podutil
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object
from kubelite.images.registry import ImageNotFound, image_id
from kubelite.network import AddressPoolExhausted, NetworkNamespace
from kubelite.node.allocation import resources_of, summary
from kubelite.node.containerconfig import container_config
from kubelite.node.containerstate import Stage, is_changing
from kubelite.node.cri import Exit
from kubelite.node.environment import ConfigError, PodFacts
from kubelite.node.happenings import cause_of
from kubelite.node.lifecycle import step
from kubelite.node.nodeobject import capacity
from kubelite.node.payloads import MountError, Sources
from kubelite.node.podnetwork import PodNetwork
from kubelite.node.podstate import (
    NORMAL,
    WARNING,
    ContainerExited,
    ContainerRefused,
    ContainerStarted,
    Effect,
    Event,
    HookEnded,
    ImageFound,
    ImageMissing,
    KillContainer,
    PrepareSandbox,
    ProbeKind,
    PullImage,
    RecordEvent,
    ReleaseSandbox,
    RemovePod,
    RunHook,
    SandboxFailed,
    SandboxLost,
    SandboxReady,
    SetUp,
    StartContainer,
    StartProbes,
    StopProbes,
    TerminateContainer,
    Tick,
    new_state,
)
from kubelite.node.pulling import Pull, image_volumes, pull
from kubelite.node.tokens import RETRY_S, Token, Tokens, TokenSpec, due_tokens, renew_at
from kubelite.node.volumes import Volume, has_api_content, image_volume, make_volumes, update_volumes
from kubelite.node.workerhost import PrepareAgain, TokensCame, Wake, WorkerEvent, WorkerHost
from kubelite.runtime.causes import Happened

if TYPE_CHECKING:
    from kubelite.node.diskusage import Held
    from kubelite.node.podchecks import PodChecks
    from kubelite.runtime import TimerHandle
    from kubelite.runtime.causes import Cause


class PodWorker:
    """One pod on this node.

    Attributes:
        state: Where its lifecycle is.
        base: The newest object of the pod, as the API has it.
        requests: What it asks for, as amounts.
        dirty: Its status is to be compared with the API's.
        cause: What changed its state last.
        writing: A task writes to the API for it.
        remove: The object is to be deleted after the last status.
        admitted: The kubelet's admission took it, and counts what it asks for.
        tokens_due: When its tokens are to be renewed (Unix seconds); None if there are none.
        ended_before: It had ended before this kubelet saw it, and keeps the status it has.
        given: The resources that its containers have now, by name.
        resized: The object whose resources the containers are being given; None if they have them.
    """

    def __init__(self, pod: Object, host: WorkerHost) -> None:
        self.host = host
        self.uid: str = pod["metadata"]["uid"]
        self.base = pod
        self.state = new_state(pod, host.machine.clock.now())
        self.requests = podutil.requests(pod["spec"])
        self.dirty = False
        self.cause: Cause = None
        self.writing = False
        self.remove = False
        self.admitted = False
        self.ended_before = self.state.stop_by is not None
        self._network = PodNetwork(host.machine)
        self.volumes: dict[str, Volume] = {}
        self._queue: list[Event] = []
        self._busy = False
        self._checks: PodChecks | None = None
        self._timer: TimerHandle | None = None
        self._timer_at: float | None = None
        self._mount_wait_s = host.machine.config.volume_retry_s
        self._tokens: Tokens = {}
        self._token_problem = ""
        self.tokens_due: float | None = None
        self._asking_tokens = False
        self.given = resources_of(pod["spec"])
        self.resized: Object | None = None

    def __repr__(self) -> str:
        metadata = self.base["metadata"]
        stages = " ".join(f"{name}={c.stage.name}" for name, c in self.state.containers.items())
        return f"<PodWorker {metadata['namespace']}/{metadata['name']} {self.state.set_up.name} {stages}>"

    @property
    def checks(self) -> PodChecks:
        """Its probes and hooks, which few pods have."""
        if self._checks is None:
            from kubelite.node.podchecks import PodChecks  # noqa: PLC0415 - as the docstring says

            self._checks = PodChecks(self)
        return self._checks

    @property
    def probe_results(self) -> Mapping[tuple[str, ProbeKind, str], int]:
        """How often its probes ended how: container, kind, result."""
        return {} if self._checks is None else self._checks.results

    def held(self, *, with_written: bool = False) -> Held:
        """What it holds of the node's disk, with what its containers wrote beside volumes if wanted."""
        from kubelite.node.diskusage import (  # noqa: PLC0415 - few pods have limits
            Held,
            disk_of,
            local_volumes,
            own_volumes,
        )

        spec, runtime = self.state.pod["spec"], self.host.machine.runtime
        volumes = {name: disk_of(self.volumes[name]) for name in own_volumes(spec) if name in self.volumes}
        logs = {name: runtime.log(self.uid, name) for name in self.state.containers}
        return Held(
            volumes,
            local_volumes(spec),
            {name: log.size for name, log in logs.items() if log is not None},
            {n: runtime.written(c.container_id) for n, c in self.state.containers.items() if with_written},
        )

    def _stop_checks(self) -> None:
        if self._checks is not None:
            self._checks.stop()

    @property
    def network(self) -> NetworkNamespace | None:
        """The pod's network; None before it has one."""
        return self._network.namespace

    @property
    def ended(self) -> bool:
        """Nothing of the pod is left on the node."""
        return self.state.set_up in {SetUp.TORN_DOWN, SetUp.NONE} and self.state.stop_by is not None

    def see(self, pod: Object) -> None:
        """Take a newer object over as the base for comparison."""
        new, old = pod["metadata"].get("resourceVersion"), self.base["metadata"].get("resourceVersion")
        if new and old and int(new) < int(old):
            return
        self.base = pod

    def handle(self, event: Event) -> None:
        """Take a step; answers that come at once are taken in the same call."""
        self._queue.append(event)
        if self._busy:
            return
        self._busy = True
        before = self.state
        try:
            while self._queue:
                now = self.host.machine.clock.now()
                self.state, effects = step(self.state, self._queue.pop(0), now)
                for effect in effects:
                    self._do(effect)
        finally:
            self._busy = False
        self._set_timer()
        if self.resized is not None and not any(map(is_changing, self.state.containers.values())):
            self._tell_resize(NORMAL, "Completed", "completed", self.resized)
            self.resized = None
        if self.state is not before:
            cause = cause_of(event, self.base["metadata"].get("resourceVersion", ""))
            # What has happened says more than that its object was seen, or that time has passed.
            if not self.dirty or (isinstance(cause, Happened) and not isinstance(event, Tick)):
                self.cause = cause
            self.host.changed(self)

    def resize_waits(self, pod: Object, reason: str, message: str) -> None:
        """The node does not have what the containers now want."""
        if self.state.resize != (reason, message):
            self._tell_resize(WARNING, reason, reason, pod, message)

    def resize_begins(self, pod: Object) -> None:
        """The containers get what they now want."""
        self._tell_resize(NORMAL, "Started", "started", pod)
        self.resized = pod

    def _tell_resize(self, type_: str, reason: str, word: str, pod: Object, error: str = "") -> None:
        self.host.record(self.base, type_, f"Resize{reason}", f"Pod resize {word}: {summary(pod, error)}", "")

    def woken(self) -> None:
        """The timer has fired."""
        self._timer = self._timer_at = None

    def lost(self) -> None:
        """The node has lost its power."""
        self._stop_checks()
        self._release()
        self._asking_tokens = False
        self.handle(SandboxLost())

    def resume(self, host: WorkerHost) -> None:
        """A restarted kubelet takes over: what its tasks and timers would have brought is asked for again."""
        self.host = host
        self.dirty = self.writing = self._busy = False
        self._queue.clear()
        self._timer = self._timer_at = self.tokens_due = None
        self._asking_tokens = False
        self._stop_checks()
        if self._tokens:
            self._time_tokens()
        if self.state.set_up is SetUp.ASKED:
            self._prepare()
        for name, container in self.state.containers.items():
            if container.stage is Stage.STARTING:
                self.handle(HookEnded(name, container.attempt, "postStart"))
            elif container.stage is Stage.STOPPING and container.hook_running:
                self.handle(HookEnded(name, container.attempt, "preStop"))
            elif container.stage is Stage.RUNNING:
                self.checks.start(name, ("readiness", "liveness") if container.started else ("startup",))
        self._set_timer()
        host.changed(self)

    def close(self) -> None:
        """Drop timers and probes; containers go on."""
        self._stop_checks()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._timer_at = None
        self.tokens_due = None

    def refresh_volumes(self) -> None:
        """A ConfigMap or Secret has changed, or the pod's labels or annotations."""
        if self.volumes and self.state.set_up is SetUp.READY:
            update_volumes(self.volumes, self._sources(), self.host.machine.clock.now())

    # --- effects

    def _do(self, effect: Effect) -> None:
        runtime = self.host.machine.runtime
        match effect:
            case RecordEvent(type_, reason, message, container):
                self.host.record(self.base, type_, reason, message, container)
            case PrepareSandbox():
                self._prepare()
            case PullImage(container):
                self._pull(container)
            case StartContainer(container, attempt):
                self._start(container, attempt)
            case TerminateContainer(container):
                runtime.terminate(self.state.containers[container].container_id)
            case KillContainer(container):
                runtime.kill(self.state.containers[container].container_id)
            case RunHook(container, hook):
                attempt = self.state.containers[container].attempt
                self.host.start_task(self.checks.run_hook(container, attempt, hook), f"{hook} {container}")
            case StartProbes(container, probes):
                self.checks.start(container, probes)
            case StopProbes(container, probes):
                self.checks.stop_of(container, probes)
            case ReleaseSandbox():
                self._stop_checks()
                self._release()
            case RemovePod():
                self.remove = True
            case _:
                assert_never(effect)

    def _set_timer(self) -> None:
        wake_at = self.state.wake_at
        if wake_at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = wake_at
        if wake_at is not None:
            delay_s = max(wake_at - self.host.machine.clock.now(), 0.0)
            self._timer = self.host.tell_later(delay_s, Wake(self.uid))

    # --- sandbox

    def prepare_again(self) -> None:
        """Try once more to prepare the sandbox, if that is still wanted."""
        if self.state.set_up is SetUp.ASKED:
            self._prepare()

    def _prepare(self) -> None:
        if has_api_content(self.state.pod) and not self.host.lookups_ready():
            self.host.start_task(self._prepare_later(), "lookups")
            return
        if (
            due_tokens(self.state.pod, self._tokens, self.host.machine.clock.now())
            and not self._token_problem
        ):
            self.renew_tokens()
            return
        self._warn()
        try:
            if self._token_problem:
                problem, self._token_problem = self._token_problem, ""
                raise MountError(problem)  # noqa: TRY301 - as if the volume itself had said so
            address = self._network.take(self.state.pod)
            facts = self._sources()
            self.volumes = make_volumes(facts, self.host.machine.clock.now())
        except (MountError, AddressPoolExhausted) as error:
            if isinstance(error, MountError):
                for text in error.texts:
                    self.host.record(self.base, WARNING, "FailedMount", text, "")
            else:
                text = f"Failed to create pod sandbox: {error}"
                self.host.record(self.base, WARNING, "FailedCreatePodSandBox", text, "")
            self._mount_failed(str(error))
            return
        self.handle(SandboxReady(address))

    def _warn(self) -> None:
        """Tell of what is missing, but not needed."""
        pod, config = self.state.pod, self.host.machine.config
        if pod["spec"].get("imagePullSecrets") or pod["spec"].get("dnsConfig"):
            from kubelite.node.podwarnings import warnings  # noqa: PLC0415 - few pods have any

            for reason, text in warnings(pod, self.host.lookup, config.cluster_dns, config.cluster_domain):
                self.host.record(self.base, WARNING, reason, text, "")

    # --- tokens

    def renew_tokens(self) -> None:
        """Ask for the tokens that are missing, or old."""
        due = due_tokens(self.state.pod, self._tokens, self.host.machine.clock.now())
        if due and not self._asking_tokens and not self.ended:
            self._asking_tokens = True
            self.host.start_task(self._ask_for_tokens(due), "tokens")

    async def _ask_for_tokens(self, due: tuple[TokenSpec, ...]) -> None:
        pod, now = self.state.pod, self.host.machine.clock.now()
        tokens, problem = {}, ""
        for spec in due:
            try:
                text = await self.host.ask_for_token(pod, spec)
            except APIError as error:
                problem = f"failed to fetch token: {error.message}"
                break
            tokens[spec] = Token(text, renew_at(spec, now))
        self.host.tell(TokensCame(self.uid, tokens, problem))

    def take_tokens(self, tokens: Tokens, problem: str) -> None:
        """Tokens have come, or could not be had."""
        self._asking_tokens = False
        self._tokens = {**self._tokens, **tokens}
        self._time_tokens(RETRY_S if problem else 0.0)
        if self.state.set_up is SetUp.ASKED:
            name = _token_volume(self.state.pod)
            self._token_problem = problem and f'MountVolume.SetUp failed for volume "{name}" : {problem}'
            self._prepare()
        else:
            self.refresh_volumes()

    def _time_tokens(self, delay_min_s: float = 0.0) -> None:
        """Be reminded when the first token is to be renewed."""
        self.tokens_due = None
        if self._tokens and not self.ended:
            due = min(token.renew_at for token in self._tokens.values())
            self.tokens_due = max(due, self.host.machine.clock.now() + delay_min_s)
            self.host.remind_of_tokens(self.tokens_due)

    async def _prepare_later(self) -> None:
        await self.host.wait_lookups()
        self.host.tell(PrepareAgain(self.uid))

    def _mount_failed(self, message: str) -> None:
        wait_s = self._mount_wait_s
        self._mount_wait_s = min(2 * wait_s, self.host.machine.config.volume_retry_max_s)
        self.host.tell_later(wait_s, PrepareAgain(self.uid))
        self.handle(SandboxFailed(message))

    def _release(self) -> None:
        self._network.release()
        self.tokens_due = None
        self._tokens = {}

    def _facts(self) -> PodFacts:
        machine = self.host.machine
        address = self.network.address if self.network is not None else ""
        return PodFacts(self.state.pod, address, machine.address, capacity(machine.config))

    def _sources(self) -> Sources:
        host = self.host
        return Sources(self._facts(), host.lookup, self._tokens, host.machine.files)

    # --- containers

    def _pull(self, name: str) -> None:
        """Pull what a container needs: the images that are its volumes, then its own."""
        spec = self.state.containers[name].spec
        for volume, source in image_volumes(self.state.pod["spec"], spec.raw):
            if volume in self.volumes:
                continue
            reference = source.get("reference") or ""
            done = self._look_for(reference, source.get("pullPolicy") or "IfNotPresent")
            if done.image is None:
                self.handle(ImageMissing(name, done.reason, done.message, reference))
                return
            self.volumes[volume] = image_volume(done.image)
            self.host.record(self.base, "Normal", "Pulled", done.message, "")
        done = self._look_for(spec.image, spec.raw.get("imagePullPolicy") or "IfNotPresent", name)
        if done.image is None:
            self.handle(ImageMissing(name, done.reason, done.message))
        else:
            self.handle(ImageFound(name, image_id(spec.image), done.message))

    def _look_for(self, reference: str, policy: str, container: str = "") -> Pull:
        done = pull(self.host.images, reference, policy, self.host.machine.pulled)
        if done.asked:
            self.host.record(self.base, "Normal", "Pulling", f'Pulling image "{reference}"', container)
        return done

    def _start(self, name: str, attempt: int) -> None:
        try:
            assert self.network is not None
            config = container_config(
                self.host,
                self.state.containers[name].spec.raw,
                attempt,
                facts=self._facts(),
                volumes=self.volumes,
                network=self.network,
                resources=lambda: self.state.containers[name].spec.raw.get("resources") or {},
            )
        except ConfigError as error:
            self.handle(ContainerRefused(name, error.reason, str(error)))
            return
        except ImageNotFound as error:
            self.handle(ContainerRefused(name, "CreateContainerError", str(error)))
            return
        host, uid = self.host, self.uid
        container_id = ""

        def started() -> None:
            self.host.tell(WorkerEvent(uid, ContainerStarted(name, container_id)))

        container_id = host.machine.runtime.start(config, started, partial(self._exited, name, attempt))

    def _exited(self, name: str, attempt: int, outcome: Exit) -> None:
        event = ContainerExited(name, attempt, outcome.exit_code, outcome.message, outcome.reason)
        self.host.tell(WorkerEvent(self.uid, event))


def _token_volume(pod: Object) -> str:
    """The volume that holds a token."""
    for volume in pod["spec"].get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                return str(volume["name"])
    return ""
