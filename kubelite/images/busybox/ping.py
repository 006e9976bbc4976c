"""`ping`: asks an address whether anybody is there.

No packet goes over a wire: pods, nodes and the control plane answer if their address is taken and has power.
A Service's address belongs to nobody, and outside of the cluster nobody is asked.

Source: BusyBox 1.36's ping, whose output scripts read.
"""

from __future__ import annotations

import socket
from typing import Final

from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.shell.process import Process

INTERVAL_S: Final = 1.0
TIMEOUT_S: Final = 10.0
"""How long the last answer is waited for."""
TTL: Final = 63
"""One router lies between two pods."""
ROUND_TRIP_MS: Final = 0.05
HEADER_BYTES: Final = 8
_LONG: Final = {"count": "c", "deadline": "w", "quiet": "q"}


def _is_there(process: Process, address: str) -> bool:
    network = process.container.network
    return address.startswith("127.0.0.") or network.fabric.is_there(network.address, address)


async def ping(process: Process) -> int:
    """`ping [-q] [-c COUNT] [-s SIZE] [-i SECONDS] [-W SECONDS] [-w SECONDS] HOST`; 1 if nobody answers."""
    try:
        options, hosts = parse_options(process.argv[1:], "46qnA", "ciIsWwtp", _LONG)
        count, size = int(options.get("c", 0)), int(options.get("s", 56))
        interval_s, timeout_s = float(options.get("i", INTERVAL_S)), float(options.get("W", TIMEOUT_S))
        deadline_s = float(options["w"]) if "w" in options else None
    except (UsageError, ValueError) as error:
        return await process.fail(str(error))
    if len(hosts) != 1:
        return await process.fail("usage: ping [OPTIONS] HOST")
    try:
        address = (await process.container.resolve(hosts[0]))[0]
    except (socket.gaierror, OSError):
        return await process.fail(f"bad address '{hosts[0]}'")
    await process.out(f"PING {hosts[0]} ({address}): {size} data bytes\n")
    clock = process.container.clock
    sent = received = 0
    try:
        async with clock.timeout(deadline_s):
            while True:
                sent += 1
                if _is_there(process, address):
                    received += 1
                    if "q" not in options:
                        head = f"{size + HEADER_BYTES} bytes from {address}: seq={sent - 1} ttl={TTL}"
                        await process.out(f"{head} time={ROUND_TRIP_MS:.3f} ms\n")
                if sent == count:
                    break
                await clock.sleep(interval_s)
            if received < sent:
                await clock.sleep(timeout_s)
    except TimeoutError:
        pass
    lost = f"{100 * (sent - received) // sent}% packet loss"
    await process.out(
        f"\n--- {hosts[0]} ping statistics ---\n"
        f"{sent} packets transmitted, {received} packets received, {lost}\n"
    )
    if received:
        times = "/".join([f"{ROUND_TRIP_MS:.3f}"] * 3)
        await process.out(f"round-trip min/avg/max = {times} ms\n")
    return int(not received)
