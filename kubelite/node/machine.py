"""The machine under a kubelet: what survives the kubelet's restart, and what a power cut ends.

Containers, addresses and the pods' states belong to the machine; the kubelet actor drives them, and a
restarted one finds them here. `fail` is a power cut, `boot` what comes after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from kubelite.images.devices import make_devices
from kubelite.images.files import FileSystem
from kubelite.network import AddressPool, Fabric, NetworkNamespace, Resolver, Translator
from kubelite.node.asyncio_runtime import AsyncioRuntime
from kubelite.node.config import KubeletConfig
from kubelite.node.etcfiles import node_hosts_file
from kubelite.runtime import Clock, Randomness

if TYPE_CHECKING:
    from kubelite.apimachinery.scheme import Object
    from kubelite.node.podworker import PodWorker

Usage: TypeAlias = "Callable[[Object], Mapping[str, Mapping[str, int]]]"
"""What a pod uses: container -> resource -> amount, in thousandths. What is not known is not in it."""


def unknown(_: Object) -> Mapping[str, Mapping[str, int]]:
    """Nobody says what pods use."""
    return {}


class Machine:
    """One node's hardware.

    Attributes:
        powered: False between `fail` and `boot`.
        boot_id: Changes with each boot.
        workers: The pods it knows, by UID.
        pulled: Images that were pulled here.
        kubelet_starts: How often a kubelet began to work on it.
        booted_at: When it began to run, in Unix seconds.
        usage: Says what its pods use.
        files: The files of the node itself, for hostPath volumes.
        devices: What its containers find in /dev.
    """

    def __init__(
        self,
        *,
        name: str,
        address: str,
        clock: Clock,
        random: Randomness,
        fabric: Fabric,
        pod_addresses: AddressPool,
        resolver: Resolver | None = None,
        translator: Translator | None = None,
        config: KubeletConfig | None = None,
        usage: Usage = unknown,
    ) -> None:
        self.name = name
        self.address = address
        self.clock = clock
        self.random = random
        self.fabric = fabric
        self.pod_addresses = pod_addresses
        self.resolver = resolver
        self.translator = translator
        self.config = config or KubeletConfig()
        self.powered = True
        self.boot_id = random.uuid4()
        self.booted_at = clock.now()
        self.usage = usage
        self.workers: dict[str, PodWorker] = {}
        self.pulled: set[str] = set()
        self.files = FileSystem(now=clock.now)
        self.files.mkdir("/etc")
        self.files.write("/etc/hosts", node_hosts_file(name, address))
        self.files.write("/etc/hostname", f"{name}\n")
        self.files.mkdir("/var/log")
        self.devices = make_devices(random.fork("devices"))
        self.network = NetworkNamespace(
            name=name, address=address, fabric=fabric, hostname=name, resolver=resolver, translator=translator
        )
        self.runtime = AsyncioRuntime(
            clock, random, drain_delay_s=self.config.drain_delay_s, log_bytes_max=self.config.log_bytes_max
        )
        self.kubelet_starts = 0
        self.on_power: Callable[[], None] | None = None
        self._cut: list[str] = []

    def __repr__(self) -> str:
        power = "on" if self.powered else "off"
        return f"<Machine {self.name} {self.address} {power}, {len(self.workers)} pods>"

    def fail(self) -> None:
        """Cut the power: nothing answers any more, open connections hang, containers end without a word."""
        if not self.powered:
            return
        self.powered = False
        self._cut = self._addresses()
        for address in self._cut:
            self.fabric.cut(address)
        self.runtime.power_off()
        if self.on_power is not None:
            self.on_power()

    def boot(self) -> None:
        """Power is back: a new boot id, no container runs; the kubelet goes on from the API's state."""
        if self.powered:
            return
        # Not those of the pods known now: one that was forgotten meanwhile has given its address back.
        for address in self._cut:
            self.fabric.restore(address)
        self.boot_id = self.random.uuid4()
        self.booted_at = self.clock.now()
        self.powered = True
        if self.on_power is not None:
            self.on_power()

    def _addresses(self) -> list[str]:
        pods = {worker.state.address for worker in self.workers.values() if worker.state.address}
        return [self.address, *sorted(pods - {self.address})]
