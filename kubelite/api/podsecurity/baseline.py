"""What the level baseline forbids: ways for a pod to get hold of its node.

Source: k8s.io/pod-security-admission/policy (check_*.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kubelite.api.podsecurity.wording import (
    Violation,
    containers_that,
    contexts,
    named_containers,
    plural,
    quoted,
    security_context,
    setters,
)
from kubelite.api.podutil import containers
from kubelite.apimachinery.scheme import Object

APPARMOR_PREFIX: Final = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_PREFIX: Final = "container.seccomp.security.alpha.kubernetes.io/"
SECCOMP_TYPES: Final = frozenset({"RuntimeDefault", "Localhost"})
CAPABILITIES: Final = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
SELINUX_TYPES: Final = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
SYSCTLS: Final = (
    (0, "kernel.shm_rmid_forced"),
    (0, "net.ipv4.ip_local_port_range"),
    (0, "net.ipv4.tcp_syncookies"),
    (0, "net.ipv4.ping_group_range"),
    (0, "net.ipv4.ip_unprivileged_port_start"),
    (27, "net.ipv4.ip_local_reserved_ports"),
    (29, "net.ipv4.tcp_keepalive_time"),
    (29, "net.ipv4.tcp_fin_timeout"),
    (29, "net.ipv4.tcp_keepalive_intvl"),
    (29, "net.ipv4.tcp_keepalive_probes"),
    (32, "net.ipv4.tcp_rmem"),
    (32, "net.ipv4.tcp_wmem"),
)
"""Those that are safe, and the minor version which said so first."""
ENGINE_MINOR: Final = 31
"""From this version on, a container may be of the type for engines of containers."""
USER_NAMESPACES_MINOR: Final = 35
"""From this version on, a pod with users of its own may be root in its own eyes."""


def has_own_users(spec: Object, minor: int) -> bool:
    """Whether a pod's users are not those of the node, for versions that know of this."""
    return minor >= USER_NAMESPACES_MINOR and spec.get("hostUsers") is False


def check_apparmor(metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """Only the profiles of the runtime or of the node."""

    def kind(context: Object) -> str:
        return str((context.get("appArmorProfile") or {}).get("type", ""))

    def is_bad(context: Object) -> bool:
        return "appArmorProfile" in context and kind(context) not in SECCOMP_TYPES

    who = setters(spec, is_bad)
    found = [who] if who else []
    values = sorted({kind(context) for context in contexts(spec) if is_bad(context)})
    annotations = [
        f'{key}="{value}"'
        for key, value in sorted((metadata.get("annotations") or {}).items())
        if key.startswith(APPARMOR_PREFIX) and value not in {"", "runtime/default"}
        if not value.startswith("localhost/")
    ]
    if annotations:
        found.append(plural("annotation", "annotations", len(annotations)))
        values += annotations
    if not found:
        return None
    reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", len(values))
    return Violation(reason, f"{' and '.join(found)} must not set AppArmor profile type to {quoted(values)}")


def check_capabilities(_metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """No capabilities but those that containers have anyway."""

    def extra(container: Object) -> set[str]:
        added = (security_context(container).get("capabilities") or {}).get("add") or ()
        return set(added) - CAPABILITIES

    bad = containers_that(spec, lambda container: bool(extra(container)))
    if not bad:
        return None
    values = sorted({name for container in containers(spec) for name in extra(container)})
    detail = f"{named_containers(bad)} must not include {quoted(values)} in securityContext.capabilities.add"
    return Violation("non-default capabilities", detail)


def check_host_namespaces(_metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """No namespace of the node."""
    used = [f"{field}=true" for field in ("hostIPC", "hostNetwork", "hostPID") if spec.get(field)]
    return Violation("host namespaces", ", ".join(used)) if used else None


def check_host_paths(_metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """No directory of the node."""
    bad = [volume["name"] for volume in spec.get("volumes") or () if volume.get("hostPath") is not None]
    if not bad:
        return None
    return Violation("hostPath volumes", f"{plural('volume', 'volumes', len(bad))} {quoted(bad)}")


def check_host_ports(_metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """No port of the node."""

    def used(container: Object) -> set[str]:
        return {str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")}

    bad = containers_that(spec, lambda container: bool(used(container)))
    if not bad:
        return None
    ports = sorted({port for container in containers(spec) for port in used(container)})
    words = f"{plural('uses', 'use', len(bad))} {plural('hostPort', 'hostPorts', len(ports))}"
    return Violation("hostPort", f"{named_containers(bad)} {words} {', '.join(ports)}")


def _handlers(container: Object) -> Iterator[Object]:
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield container.get(field) or {}
    lifecycle = container.get("lifecycle") or {}
    for field in ("postStart", "preStop"):
        yield lifecycle.get(field) or {}


def _probed_hosts(container: Object) -> set[str]:
    hosts = {
        (handler.get(action) or {}).get("host") or ""
        for handler in _handlers(container)
        for action in ("httpGet", "tcpSocket")
    }
    return hosts - {""}


def check_probed_hosts(_metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """The node asks nobody else on behalf of a pod."""
    bad = sorted(set(containers_that(spec, lambda container: bool(_probed_hosts(container)))))
    if not bad:
        return None
    hosts = sorted({host for container in containers(spec) for host in _probed_hosts(container)})
    what = plural("probe or lifecycle host", "probe or lifecycle hosts", len(hosts))
    detail = f"{named_containers(bad)} {plural('uses', 'use', len(bad))} {what} {quoted(hosts)}"
    return Violation("probe or lifecycle host", detail)


def check_privileged(_metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """No containers without walls."""
    bad = containers_that(spec, lambda container: bool(security_context(container).get("privileged")))
    if not bad:
        return None
    return Violation("privileged", f"{named_containers(bad)} must not set securityContext.privileged=true")


def check_proc_mount(_metadata: Object, spec: Object, minor: int) -> Violation | None:
    """Only the masked /proc."""
    if has_own_users(spec, minor):
        return None

    def mount(container: Object) -> str:
        return security_context(container).get("procMount") or "Default"

    bad = containers_that(spec, lambda container: mount(container) != "Default")
    if not bad:
        return None
    values = sorted({mount(container) for container in containers(spec)} - {"Default"})
    detail = f"{named_containers(bad)} must not set securityContext.procMount to {quoted(values)}"
    return Violation("procMount", detail)


def check_selinux(_metadata: Object, spec: Object, minor: int) -> Violation | None:
    """Only the types of containers, and no user or role."""
    allowed = SELINUX_TYPES | ({"container_engine_t"} if minor >= ENGINE_MINOR else frozenset())

    def options(context: Object) -> Object:
        found: Object = context.get("seLinuxOptions") or {}
        return found

    def is_bad(context: Object) -> bool:
        set_ = options(context)
        return set_.get("type", "") not in allowed or bool(set_.get("user")) or bool(set_.get("role"))

    who = setters(spec, is_bad)
    if not who:
        return None
    types = sorted({options(context).get("type", "") for context in contexts(spec)} - allowed)
    data = [f"{plural('type', 'types', len(types))} {quoted(types)}"] if types else []
    data += [
        f"{field} may not be set"
        for field in ("user", "role")
        if any(options(context).get(field) for context in contexts(spec))
    ]
    return Violation(
        "seLinuxOptions", f"{who} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"
    )


def seccomp_type(context: Object) -> str | None:
    """The type of seccomp profile that a security context names."""
    profile = context.get("seccompProfile")
    return None if profile is None else str(profile.get("type", ""))


def has_bad_seccomp(context: Object) -> bool:
    """Whether a security context names a profile other than those of the runtime and the node."""
    kind = seccomp_type(context)
    return kind is not None and kind not in SECCOMP_TYPES


def check_seccomp(_metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """Only the profiles of the runtime or of the node."""
    who = setters(spec, has_bad_seccomp)
    if not who:
        return None
    values = sorted(str(seccomp_type(context)) for context in contexts(spec) if has_bad_seccomp(context))
    detail = f"{who} must not set securityContext.seccompProfile.type to {quoted(sorted(set(values)))}"
    return Violation("seccompProfile", detail)


def check_seccomp_annotations(metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """The same of old, when annotations said it."""
    keys = {SECCOMP_POD, *(SECCOMP_PREFIX + container["name"] for container in containers(spec))}
    bad = [
        f'{key}="{value}"'
        for key, value in sorted((metadata.get("annotations") or {}).items())
        if key in keys and value not in {"runtime/default", "docker/default"}
        if not value.startswith("localhost/")
    ]
    if not bad:
        return None
    words = f"forbidden {plural('annotation', 'annotations', len(bad))} {', '.join(bad)}"
    return Violation("seccompProfile", words)


def check_sysctls(_metadata: Object, spec: Object, minor: int) -> Violation | None:
    """Only settings of the kernel that concern nobody else."""
    safe = {name for since, name in SYSCTLS if minor >= since}
    asked = [sysctl.get("name", "") for sysctl in security_context(spec).get("sysctls") or ()]
    bad = [name for name in asked if name not in safe]
    return Violation("forbidden sysctls", ", ".join(bad)) if bad else None


def check_host_process(_metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """No processes of the node on Windows."""
    who = setters(spec, lambda context: bool((context.get("windowsOptions") or {}).get("hostProcess")))
    if not who:
        return None
    return Violation("hostProcess", f"{who} must not set securityContext.windowsOptions.hostProcess=true")
