"""Opens the addresses of pods to other processes: a real listener behind each listener of a pod."""

from __future__ import annotations

import asyncio

from kubelite.network.fabric import Fabric, Listener
from kubelite.network.sockets import open_socket_listener
from kubelite.runtime import tasks


class Exposure:
    """Follows a fabric: what listens on a pod's address is listened for on a socket, too, until it closes.

    Args:
        fabric: Its `on_listen` is taken.
    """

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric
        self._opening: set[asyncio.Task[None]] = set()
        fabric.on_listen = self._listens

    def __repr__(self) -> str:
        return f"<Exposure of {self._fabric!r}, {len(self._opening)} opening>"

    def _listens(self, listener: Listener) -> None:
        if self._fabric.block.is_pod(listener.address):
            task = tasks.start(self._open(listener), name=f"expose {listener.address}:{listener.port}")
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, listener: Listener) -> None:
        address, port = listener.address, listener.port
        close = await open_socket_listener(address, port, lambda _source: self._fabric.accept(address, port))
        if close is None:
            return
        if self._fabric.is_current(listener):
            listener.on_close.append(close)
        else:
            close()
