"""Applets that ask the kernel: ip, ifconfig, sysctl.

Source: BusyBox 1.36's ip and sysctl; what iproute2 says when the kernel refuses.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from kubelite.images.shell.process import Applet, Process

SETTINGS = "/proc/sys"
_CHANGES = frozenset({"add", "del", "delete", "set", "change", "replace", "append", "flush"})
_INET = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet {ip}/32 scope global eth0
       valid_lft forever preferred_lft forever
"""


async def ip(process: Process) -> int:
    """`ip [-4|-o] addr|link|route [show]`; changes only for those who may administrate the network."""
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    if not words:
        await process.err("Usage: ip [OPTIONS] address|route|link|neigh|rule [ARGS]\n")
        return 1
    what, verb = words[0], words[1] if len(words) > 1 else "show"
    if verb in _CHANGES:
        if process.container.files.user.net_admin:
            return 0
        await process.err("ip: RTNETLINK answers: Operation not permitted\n")
        return 2
    shown = _INET.format(ip=process.container.ip)
    if "address".startswith(what):
        await process.out(shown)
    elif "link".startswith(what):
        await process.out(re.sub("(?m)^    inet .*\n       .*\n", "", shown))
    elif "route".startswith(what):
        await process.out(f"default dev eth0  src {process.container.ip} \n")
    else:
        await process.err(f"ip: invalid argument '{what}' to 'ip'\n")
        return 1
    return 0


async def ifconfig(process: Process) -> int:
    """`ifconfig`: the pod's interfaces."""
    if len(process.argv) > 2:
        await process.err("ifconfig: SIOCSIFADDR: Operation not permitted\n")
        return 1
    await process.out(
        "eth0      Link encap:Ethernet  HWaddr 02:00:00:00:00:01  \n"
        f"          inet addr:{process.container.ip}  Bcast:0.0.0.0  Mask:255.255.255.255\n"
        "          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n\n"
        "lo        Link encap:Local Loopback  \n"
        "          inet addr:127.0.0.1  Mask:255.0.0.0\n"
        "          UP LOOPBACK RUNNING  MTU:65536  Metric:1\n\n"
    )
    return 0


async def sysctl(process: Process) -> int:
    """`sysctl [-nea] [-w] NAME[=VALUE]...`."""
    files, status = process.container.files, 0
    flags = "".join(word[1:] for word in process.argv[1:] if word.startswith("-"))
    for word in (word for word in process.argv[1:] if not word.startswith("-")):
        name, equals, value = word.partition("=")
        path = posixpath.join(SETTINGS, name.replace("/", ".").replace(".", "/"))
        try:
            if equals:
                files.write(path, f"{value}\n") if files.exists(path) else files.read(path)
            text = files.read_text(path).strip()
        except OSError as error:
            if "e" not in flags:
                status = await process.fail(
                    f"error {'setting' if equals else 'accessing'} key '{name}': {error.strerror}"
                )
            continue
        await process.out(f"{text}\n" if "n" in flags else f"{name} = {text}\n")
    return status


APPLETS: Mapping[str, Applet] = {"ip": ip, "ifconfig": ifconfig, "sysctl": sysctl}
