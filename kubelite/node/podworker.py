"""A pod worker feeds events to the lifecycle of one pod and carries out its effects.

It has no task of its own: the kubelet calls it, and what takes time is told to the kubelet when it is done.

Source: pkg/kubelet/pod_workers.go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, assert_never

import attrs

from kubelite.api import podutil
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object
from kubelite.images.devices import mount_devices
from kubelite.images.files import Directory, FileSystem
from kubelite.images.registry import ImageNotFound, InvalidImageName, image_id
from kubelite.network import AddressPoolExhausted, NetworkNamespace
from kubelite.network.datagrams import LOOPBACK
from kubelite.network.fabric import loopback_of
from kubelite.node import etcfiles
from kubelite.node.allocation import resources_of
from kubelite.node.checks import OUTPUT_MAX, Target, check
from kubelite.node.containerstate import Stage
from kubelite.node.cri import TERMINATION_LOG, ContainerConfig, Exit
from kubelite.node.environment import ConfigError, PodFacts, command_line, container_environment
from kubelite.node.happenings import cause_of
from kubelite.node.lifecycle import step
from kubelite.node.nodeobject import capacity
from kubelite.node.podstate import (
    WARNING,
    ContainerExited,
    ContainerRefused,
    ContainerStarted,
    Effect,
    Event,
    HookEnded,
    HookKind,
    ImageFound,
    ImageMissing,
    KillContainer,
    PrepareSandbox,
    ProbeChanged,
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
from kubelite.node.probes import Outcome, Prober, ProbeSpec, probe_spec
from kubelite.node.tokens import RETRY_S, Token, Tokens, TokenSpec, due_tokens, renew_at
from kubelite.node.volumes import (
    MountError,
    Sources,
    has_api_content,
    make_volumes,
    mount_volumes,
    update_volumes,
)
from kubelite.runtime import Shown, Signal
from kubelite.runtime.causes import Happened

if TYPE_CHECKING:
    import aiohttp

    from kubelite.images.registry import ImageRegistry
    from kubelite.node.environment import Lookup
    from kubelite.node.machine import Machine
    from kubelite.runtime import TimerHandle
    from kubelite.runtime.causes import Cause

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where images that say nothing have their programs."""
DEFAULT_HOME: Final = "/root"
_HOOK_PROBLEMS: Final = {"postStart": "PostStartHook failed", "preStop": "PreStopHook failed"}


@attrs.frozen(eq=False, repr=False)
class WorkerEvent(Shown):
    """Something happened to a pod."""

    uid: str
    event: Event


@attrs.frozen(eq=False, repr=False)
class Wake(Shown):
    """A pod asked to be woken at this time."""

    uid: str


class RenewTokens(Signal):
    """It is time to ask for new tokens of some pods."""


@attrs.frozen(eq=False, repr=False)
class TokensCame(Shown):
    """The tokens of a pod were asked for; `problem` says why they could not be had, or is ""."""

    uid: str
    tokens: Tokens
    problem: str = ""


@attrs.frozen(eq=False, repr=False)
class PrepareAgain(Shown):
    """A pod whose volumes could not be mounted tries again."""

    uid: str


WorkerMessage: TypeAlias = WorkerEvent | Wake | PrepareAgain | RenewTokens | TokensCame


class WorkerHost(Protocol):
    """What a worker needs of its kubelet."""

    machine: Machine
    images: ImageRegistry
    lookup: Lookup

    def tell(self, message: WorkerMessage) -> None:
        """Into the kubelet's mailbox."""

    def tell_later(self, delay_s: float, message: WorkerMessage) -> TimerHandle:
        """Into the kubelet's mailbox after a while."""

    def remind_of_tokens(self, at: float) -> None:
        """Let `renew_tokens` be called then (Unix seconds), if `tokens_due` still says so."""

    def start_task(self, coroutine: Any, name: str) -> Any:
        """A task that ends with the kubelet."""

    def record(self, pod: Object, type_: str, reason: str, message: str, container: str) -> None:
        """An Event of the pod, or of one of its containers."""

    def changed(self, worker: PodWorker) -> None:
        """Its status may have changed."""

    def services_of(self, namespace: str, *, links: bool) -> Mapping[str, str]:
        """Variables of the Services that a pod is told of."""

    def lookups_ready(self) -> bool:
        """Whether ConfigMaps and Secrets are known."""

    async def wait_lookups(self) -> None:
        """Wait until they are."""

    async def ask_for_token(self, pod: Object, spec: TokenSpec) -> str:
        """A token of the pod's service account."""

    def session(self) -> aiohttp.ClientSession:
        """An HTTP client on the node."""

    def probe_delay(self, period_s: float) -> float:
        """By how much a first probe is put off."""


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
        self.network: NetworkNamespace | None = None
        self._host_ports: list[tuple[str, int, str]] = []
        self.volumes: dict[str, Directory] = {}
        self._queue: deque[Event] = deque()
        self._busy = False
        self._probers: dict[tuple[str, ProbeKind], Prober] = {}
        self._timer: TimerHandle | None = None
        self._timer_at: float | None = None
        self._mount_wait_s = host.machine.config.volume_retry_s
        self._own_address = ""
        self._tokens: Tokens = {}
        self._token_problem = ""
        self.tokens_due: float | None = None
        self._asking_tokens = False
        self.given = resources_of(pod["spec"])

    def __repr__(self) -> str:
        metadata = self.base["metadata"]
        stages = " ".join(f"{name}={c.stage.name}" for name, c in self.state.containers.items())
        return f"<PodWorker {metadata['namespace']}/{metadata['name']} {self.state.set_up.name} {stages}>"

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
                self.state, effects = step(self.state, self._queue.popleft(), now)
                for effect in effects:
                    self._do(effect)
        finally:
            self._busy = False
        self._set_timer()
        if self.state is not before:
            cause = cause_of(event, self.base["metadata"].get("resourceVersion", ""))
            # What has happened says more than that its object was seen, or that time has passed.
            if not self.dirty or (isinstance(cause, Happened) and not isinstance(event, Tick)):
                self.cause = cause
            self.host.changed(self)

    def woken(self) -> None:
        """The timer has fired."""
        self._timer = self._timer_at = None

    def lost(self) -> None:
        """The node has lost its power."""
        self._stop_probers()
        self._release()
        self.handle(SandboxLost())

    def resume(self, host: WorkerHost) -> None:
        """A restarted kubelet takes over: what its tasks and timers would have brought is asked for again."""
        self.host = host
        self.dirty = self.writing = self._busy = False
        self._queue.clear()
        self._timer = self._timer_at = self.tokens_due = None
        self._asking_tokens = False
        self._stop_probers()
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
                self._start_probes(name, ("readiness", "liveness") if container.started else ("startup",))
        self._set_timer()
        host.changed(self)

    def close(self) -> None:
        """Drop timers and probes; containers go on."""
        self._stop_probers()
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
                self.host.start_task(self._run_hook(container, attempt, hook), f"{hook} {container}")
            case StartProbes(container, probes):
                self._start_probes(container, probes)
            case StopProbes(container, probes):
                for kind in probes:
                    if (prober := self._probers.pop((container, kind), None)) is not None:
                        prober.stop()
            case ReleaseSandbox():
                self._stop_probers()
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
        try:
            if self._token_problem:
                problem, self._token_problem = self._token_problem, ""
                raise MountError(problem)  # noqa: TRY301 - as if the volume itself had said so
            address = self._take_network()
            facts = self._sources()
            self.volumes = make_volumes(facts, self.host.machine.clock.now())
        except (MountError, AddressPoolExhausted) as error:
            reason = "FailedMount" if isinstance(error, MountError) else "FailedCreatePodSandBox"
            self.host.record(self.base, WARNING, reason, str(error), "")
            self._mount_failed(str(error))
            return
        self.handle(SandboxReady(address))

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

    def _take_network(self) -> str:
        machine, pod = self.host.machine, self.state.pod
        if self.network is None:
            if pod["spec"].get("hostNetwork"):
                self.network = machine.network
            else:
                self._own_address = machine.pod_addresses.take()
                metadata = pod["metadata"]
                dns = etcfiles.dns_settings(pod, machine.config.cluster_dns, machine.config.cluster_domain)
                self.network = NetworkNamespace(
                    name=f"{metadata['namespace']}/{metadata['name']}",
                    address=self._own_address,
                    fabric=machine.fabric,
                    hostname=etcfiles.hostname_of(pod),
                    resolver=machine.resolver and machine.resolver.with_search(dns.search, dns.ndots),
                    translator=machine.translator,
                    search=dns.search,
                    hosts={
                        name: alias["ip"]
                        for alias in pod["spec"].get("hostAliases") or ()
                        for name in alias.get("hostnames") or ()
                    },
                )
                self._forward_host_ports()
        return self.network.address

    def _forward_host_ports(self) -> None:
        machine = self.host.machine
        for host, protocol, number, target in podutil.published_ports(self.state.pod["spec"]):
            address = machine.address if host in {"", "0.0.0.0"} else host  # noqa: S104 - any
            end = (loopback_of(machine.address) if host in LOOPBACK else address, number, protocol)
            self._host_ports.append(end)
            machine.fabric.forwards[end] = (self._own_address, target)

    def _release(self) -> None:
        forwards = self.host.machine.fabric.forwards
        for end in self._host_ports:
            if forwards.get(end, ("",))[0] == self._own_address:
                del forwards[end]
        self._host_ports.clear()
        if self._own_address:
            self.host.machine.pod_addresses.release(self._own_address)
            self._own_address = ""
        self.network = None
        self.tokens_due = None
        self._tokens = {}

    def _facts(self) -> PodFacts:
        machine = self.host.machine
        address = self.network.address if self.network is not None else ""
        return PodFacts(self.state.pod, address, machine.address, capacity(machine.config))

    def _sources(self) -> Sources:
        return Sources(self._facts(), self.host.lookup, self._tokens, self.host.machine.files)

    # --- containers

    def _pull(self, name: str) -> None:
        spec = self.state.containers[name].spec
        policy = spec.raw.get("imagePullPolicy") or "IfNotPresent"
        machine = self.host.machine
        here = policy != "Always" and (policy == "Never" or spec.image in machine.pulled)
        try:
            found = self.host.images.resolve(spec.image)
        except InvalidImageName as error:
            self.handle(ImageMissing(name, "InvalidImageName", str(error)))
            return
        except ImageNotFound as error:
            if policy == "Never":
                message = f'Container image "{spec.image}" is not present with pull policy of Never'
                self.handle(ImageMissing(name, "ErrImageNeverPull", message))
                return
            self.host.record(self.base, "Normal", "Pulling", f'Pulling image "{spec.image}"', name)
            self.handle(ImageMissing(name, "ErrImagePull", f"rpc error: code = NotFound desc = {error}"))
            return
        if here:
            text = f'Container image "{spec.image}" already present on machine and can be accessed by the pod'
        else:
            self.host.record(self.base, "Normal", "Pulling", f'Pulling image "{spec.image}"', name)
            took = "in 1ms (1ms including waiting)"
            text = f'Successfully pulled image "{spec.image}" {took}. Image size: {found.size} bytes.'
            machine.pulled.add(spec.image)
        self.handle(ImageFound(name, image_id(spec.image), text))

    def _start(self, name: str, attempt: int) -> None:
        try:
            config = self._config(name, attempt)
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

    def _config(self, name: str, attempt: int) -> ContainerConfig:
        pod, raw = self.state.pod, self.state.containers[name].spec.raw
        metadata, machine, network = pod["metadata"], self.host.machine, self.network
        assert network is not None
        found = self.host.images.resolve(raw["image"])
        links = pod["spec"].get("enableServiceLinks") is not False
        facts = self._facts()
        variables = container_environment(
            raw, facts, self.host.lookup, self.host.services_of(metadata["namespace"], links=links)
        )
        env = {"PATH": DEFAULT_PATH, **dict(found.env), "HOSTNAME": etcfiles.hostname_of(pod), **variables}
        env.setdefault("HOME", DEFAULT_HOME)
        working_dir = raw.get("workingDir") or found.working_dir
        volumes = self.volumes
        if any("subPath" in mount or "subPathExpr" in mount for mount in raw.get("volumeMounts") or ()):
            mount_volumes(FileSystem(), raw, volumes, env)

        return ContainerConfig(
            pod_uid=self.uid,
            pod_name=metadata["name"],
            namespace=metadata["namespace"],
            name=name,
            attempt=attempt,
            image_name=raw["image"],
            image=found,
            shell=self.host.images.shell,
            argv=command_line(raw, found.entrypoint, env, found.default_args),
            env=env,
            working_dir=working_dir,
            hostname=etcfiles.hostname_of(pod),
            node_name=machine.name,
            ip=network.address,
            labels=metadata.get("labels") or {},
            annotations=metadata.get("annotations") or {},
            ports=tuple(
                port["containerPort"]
                for port in raw.get("ports") or ()
                if (port.get("protocol") or "TCP") == "TCP"
            ),
            network=network,
            make_files=partial(self._make_files, raw, env, volumes, working_dir, network),
            stdin=bool(raw.get("stdin")),
            stdin_once=bool(raw.get("stdinOnce")),
            termination_path=raw.get("terminationMessagePath") or TERMINATION_LOG,
            termination_from_log=raw.get("terminationMessagePolicy") == "FallbackToLogsOnError",
        )

    def _make_files(
        self,
        raw: Object,
        env: Mapping[str, str],
        volumes: Mapping[str, Directory],
        working_dir: str,
        network: NetworkNamespace,
    ) -> FileSystem:
        machine, pod = self.host.machine, self.state.pod
        files = FileSystem(working_dir=working_dir, now=machine.clock.now)
        mount_devices(files, machine.devices)
        for path in ("/etc", "/tmp", "/root", "/var/run", working_dir):  # noqa: S108  (of the container)
            files.mkdir(path)
        dns = etcfiles.dns_settings(pod, machine.config.cluster_dns, machine.config.cluster_domain)
        files.write("/etc/hosts", etcfiles.hosts_file(pod, network.address, machine.config.cluster_domain))
        files.write("/etc/resolv.conf", etcfiles.resolv_conf(dns))
        files.write("/etc/hostname", f"{etcfiles.hostname_of(pod)}\n")
        path = raw.get("terminationMessagePath") or TERMINATION_LOG
        files.mkdir(path.rpartition("/")[0] or "/")
        files.write(path, b"")
        mount_volumes(files, raw, volumes, env)
        return files

    # --- probes and hooks

    def target(self, name: str) -> Target:
        """What checks of a container need."""
        machine = self.host.machine
        container = self.state.containers[name]

        async def run(command: list[str]) -> tuple[int, str]:
            output = _Output()
            code = await machine.runtime.exec(container.container_id, command, stdout=output, stderr=output)
            return code, output.text()

        return Target(
            pod_spec=self.state.plan.spec,
            container=container.spec.raw,
            address=self.state.address,
            network=machine.network,
            session=self.host.session,
            run=run,
            clock=machine.clock,
        )

    async def _run_hook(self, name: str, attempt: int, hook: HookKind) -> None:
        action = self.state.containers[name].spec.raw["lifecycle"][hook]
        outcome = await check(self.target(name), action, None)
        problem = "" if outcome.success else _HOOK_PROBLEMS[hook]
        self.host.tell(WorkerEvent(self.uid, HookEnded(name, attempt, hook, problem)))

    def _start_probes(self, name: str, kinds: tuple[ProbeKind, ...]) -> None:
        container = self.state.containers[name]
        for kind in kinds:
            raw = container.spec.raw.get(f"{kind}Probe")
            if not raw:
                continue
            prober = self._prober(name, container.attempt, probe_spec(kind, raw))
            self._probers[name, kind] = prober
            prober.start(self.host.probe_delay(prober.spec.period_s))

    def _prober(self, name: str, attempt: int, spec: ProbeSpec) -> Prober:
        target = self.target(name)

        async def run(spec: ProbeSpec) -> Outcome:
            return await check(target, spec.raw, spec.timeout_s)

        def failed(spec: ProbeSpec, output: str) -> None:
            message = f"{spec.kind.capitalize()} probe failed: {output}"
            self.host.record(self.base, WARNING, "Unhealthy", message, name)

        def changed(spec: ProbeSpec, success: bool, output: str) -> None:
            event = ProbeChanged(name, attempt, spec.kind, success, output)
            self.host.tell(WorkerEvent(self.uid, event))

        return Prober(
            spec,
            check=run,
            call_later=self.host.machine.clock.call_later,
            start_task=lambda coroutine: self.host.start_task(coroutine, f"{spec.kind} probe"),
            failed=failed,
            changed=changed,
        )

    def _stop_probers(self) -> None:
        for prober in self._probers.values():
            prober.stop()
        self._probers.clear()


def _token_volume(pod: Object) -> str:
    """The volume that holds a token."""
    for volume in pod["spec"].get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                return str(volume["name"])
    return ""


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
