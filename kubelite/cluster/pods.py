"""What can be done with the pods of any cluster: their logs, and commands in their containers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubelite.cluster.access import ExecResult


class ClusterPods:
    """The methods about pods; how a kubelet is reached, a handle on a cluster knows."""

    @abstractmethod
    async def _logs(
        self, pod: str, namespace: str, container: str, *, previous: bool, tail: int | None
    ) -> str:
        """The log of a container, the only one if none is named."""

    @abstractmethod
    async def _exec(
        self, pod: str, namespace: str, container: str, command: Sequence[str], stdin: bytes
    ) -> ExecResult:
        """Runs a command and waits for its end."""

    async def logs(
        self,
        pod: str,
        *,
        namespace: str = "default",
        container: str = "",
        previous: bool = False,
        tail: int | None = None,
    ) -> str:
        """The log of a container.

        Args:
            pod: `web-1`, or `pod/web-1`.
            namespace: The pod's.
            container: Needed where there are several.
            previous: That of the run before.
            tail: The last lines only, so many.

        Raises:
            NotFound: There is no such pod or container.
            BadRequest: There is no log, or several containers and none was named.
        """
        return await self._logs(pod.removeprefix("pod/"), namespace, container, previous=previous, tail=tail)

    async def exec(
        self,
        pod: str,
        argv: Sequence[str] | str,
        *,
        namespace: str = "default",
        container: str = "",
        stdin: bytes = b"",
    ) -> ExecResult:
        """Runs a command in a container and waits for its end; a text is run by `sh -c`.

        Raises:
            NotFound: There is no such pod or container.
            BadRequest: The container does not run.
        """
        command = ["sh", "-c", argv] if isinstance(argv, str) else list(argv)
        return await self._exec(pod.removeprefix("pod/"), namespace, container, command, stdin)
