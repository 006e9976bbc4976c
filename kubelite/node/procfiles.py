"""What a container finds in /proc: its own process, and the kernel's settings that a pod may have.

Source: proc(5); pkg/kubelet/sysctl/{allowlist,safe_sysctls}.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from kubelite.apimachinery.scheme import Object
from kubelite.images.inodes import Device, Directory, File, Mount
from kubelite.images.permissions import User
from kubelite.node.securitycontext import effective

SETTINGS: Final = {
    "kernel.shm_rmid_forced": "0",
    "net.ipv4.ip_local_port_range": "32768\t60999",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.ping_group_range": "0\t2147483647",
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.ip_local_reserved_ports": "",
    "net.ipv4.tcp_keepalive_time": "7200",
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.tcp_keepalive_intvl": "75",
    "net.ipv4.tcp_keepalive_probes": "9",
    "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
    "net.ipv4.tcp_wmem": "4096\t16384\t4194304",
}
"""The settings that every pod may change, and what they are if it does not."""
_CAPABILITIES: Final = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "FSETID": 4,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "NET_BIND_SERVICE": 10,
    "NET_ADMIN": 12,
    "NET_RAW": 13,
    "SYS_CHROOT": 18,
    "SYS_PTRACE": 19,
    "SYS_ADMIN": 21,
    "SYS_TIME": 25,
    "MKNOD": 27,
    "AUDIT_WRITE": 29,
    "SETFCAP": 31,
}
_DEFAULT: Final = 0xA80425FB
_ALL: Final = 0x1FFFFFFFFFF


def forbidden_setting(pod: Object) -> str | None:
    """The first sysctl of a pod that its node does not allow."""
    for each in (pod["spec"].get("securityContext") or {}).get("sysctls") or ():
        if each["name"].replace("/", ".") not in SETTINGS:
            return str(each["name"])
    return None


def proc_directory(pod: Object, container: Object, user: User) -> Directory:
    """The content of /proc; only privileged containers change the kernel's settings."""

    def status() -> bytes:
        return _status(pod, container, user).encode()

    process = Directory({"status": Device(read=status, mode=0o444)}, mode=0o555)
    asked = (pod["spec"].get("securityContext") or {}).get("sysctls") or ()
    privileged = bool((container.get("securityContext") or {}).get("privileged"))
    named = {each["name"].replace("/", "."): each["value"] for each in asked}
    settings = settings_directory({**SETTINGS, **named}) if named or privileged else _default_settings()
    return Directory(
        {"1": process, "self": process, "sys": Mount(settings, read_only=not privileged)}, mode=0o555
    )


def settings_directory(settings: Mapping[str, str]) -> Directory:
    """The content of /proc/sys."""
    root = Directory(mode=0o555)
    for name, value in settings.items():
        place = root
        *parents, last = name.split(".")
        for parent in parents:
            inner = place.entries.setdefault(parent, Directory(mode=0o555))
            assert isinstance(inner, Directory)
            place = inner
        place.entries[last] = File(f"{value}\n".encode())
    return root


@cache
def _default_settings() -> Directory:
    """Those that most containers have; nobody can change them, so they share them."""
    return settings_directory(SETTINGS)


def capabilities(container: Object) -> int:
    """The bits of what root may do in a container."""
    context = container.get("securityContext") or {}
    if context.get("privileged"):
        return _ALL
    found, asked = _DEFAULT, context.get("capabilities") or {}
    dropped, added = _names(asked, "drop"), _names(asked, "add")
    found = 0 if "ALL" in dropped else found & ~_bits(dropped)
    return _ALL if "ALL" in added else found | _bits(added)


def may_change_network(container: Object) -> bool:
    """Whether root may add interfaces and routes."""
    return bool(capabilities(container) >> _CAPABILITIES["NET_ADMIN"] & 1)


def _names(asked: Any, field: str) -> set[str]:
    return {name.removeprefix("CAP_") for name in asked.get(field) or ()}


def _bits(names: set[str]) -> int:
    return sum(1 << _CAPABILITIES[name] for name in names if name in _CAPABILITIES)


def _status(pod: Object, container: Object, user: User) -> str:
    bounding = capabilities(container)
    own, context = bounding if user.uid == 0 else 0, container.get("securityContext") or {}
    fields = {
        "Name": "main",
        "Umask": "0022",
        "State": "S (sleeping)",
        "Pid": "1",
        "PPid": "0",
        "Uid": "\t".join([str(user.uid)] * 4),
        "Gid": "\t".join([str(user.gid)] * 4),
        "Groups": " ".join(map(str, sorted(user.groups))) + " ",
        "CapInh": f"{0:016x}",
        "CapPrm": f"{own:016x}",
        "CapEff": f"{own:016x}",
        "CapBnd": f"{bounding:016x}",
        "CapAmb": f"{0:016x}",
        "NoNewPrivs": str(int(context.get("allowPrivilegeEscalation") is False)),
        "Seccomp": _seccomp(pod, container),
        "Cpus_allowed_list": "0",
    }
    return "".join(f"{name}:\t{value}\n" for name, value in fields.items())


def _seccomp(pod: Object, container: Object) -> str:
    profile = effective(pod, container, "seccompProfile") or {}
    filtered = profile.get("type", "Unconfined") != "Unconfined"
    return "2" if filtered and not (container.get("securityContext") or {}).get("privileged") else "0"
