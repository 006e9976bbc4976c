"""What a kubelet asks of a container runtime. `asyncio_runtime` is the one there is.

Everything but exec answers at once: starting and stopping are told, what comes of them is called back.

Source: the Container Runtime Interface, k8s.io/cri-api.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import attrs

from kubelite.images.container import InputStream, OutputStream, Program
from kubelite.images.files import FileSystem
from kubelite.images.registry import Image
from kubelite.node.logs import ContainerLog
from kubelite.runtime import Shown

if TYPE_CHECKING:
    from kubelite.network import NetworkNamespace

TERMINATION_LOG: str = "/dev/termination-log"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ContainerConfig(Shown):
    """All that a runtime needs to know to start a container.

    Attributes:
        pod_uid: UID of the pod; with `name` and `attempt` it names the container.
        shell: Runs exec'd commands if the image has no program for them.
        make_files: Makes the file system when it is first looked at.
        stdin: Whether the main process has an input that clients may attach to.
        stdin_once: Whether that input ends when the first of them leaves.
        termination_path: The file that holds the termination message.
        termination_from_log: Whether the end of the log stands in for a missing message of a failure.
    """

    pod_uid: str
    pod_name: str
    namespace: str
    name: str
    attempt: int
    image_name: str
    image: Image
    shell: Program | None
    argv: tuple[str, ...]
    env: Mapping[str, str]
    working_dir: str
    hostname: str
    node_name: str
    ip: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    ports: tuple[int, ...]
    network: NetworkNamespace
    make_files: Callable[[], FileSystem]
    stdin: bool = False
    stdin_once: bool = False
    termination_path: str = TERMINATION_LOG
    termination_from_log: bool = False


class Exit(NamedTuple):
    """How a process ended. `reason` is "" unless it is a special one (StartError)."""

    exit_code: int
    reason: str = ""
    message: str = ""


class Runtime(Protocol):
    """A container runtime. Containers are named by the id that `start` gives."""

    def start(
        self, config: ContainerConfig, started: Callable[[], None], exited: Callable[[Exit], None]
    ) -> str:
        """Start a container; `started` and `exited` are called in a later turn of the loop, in this order."""

    def terminate(self, container_id: str) -> None:
        """Send SIGTERM; nothing happens if it has ended."""

    def kill(self, container_id: str) -> None:
        """Send SIGKILL; nothing happens if it has ended."""

    def power_off(self) -> None:
        """Everything ends at once and nobody is told."""

    async def exec(
        self,
        container_id: str,
        argv: Sequence[str],
        *,
        stdin: InputStream | None = None,
        stdout: OutputStream | None = None,
        stderr: OutputStream | None = None,
    ) -> int:
        """Run a command in a running container; output that is not wanted is dropped.

        Raises:
            CommandNotFoundError: The image has no such command.
            LookupError: The container does not run.
        """

    async def attach(
        self,
        container_id: str,
        *,
        stdin: InputStream | None = None,
        stdout: OutputStream | None = None,
        stderr: OutputStream | None = None,
    ) -> None:
        """Join the streams of the main process until it ends.

        Raises:
            LookupError: The container does not run.
        """

    def log(self, pod_uid: str, name: str, *, previous: bool = False) -> ContainerLog | None:
        """The log of a container's present or previous attempt; None if there is none."""

    def written(self, container_id: str) -> int:
        """How many bytes a container wrote beside its volumes; 0 if it does not run."""

    def forget(self, pod_uid: str) -> None:
        """Drop the logs of a pod."""
