"""What the level restricted forbids besides: everything that a hardened pod does without.

Source: k8s.io/pod-security-admission/policy (check_*.go).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.podsecurity.baseline import (
    check_seccomp,
    has_bad_seccomp,
    has_own_users,
    seccomp_type,
)
from kubelite.api.podsecurity.wording import (
    Violation,
    containers_that,
    named_containers,
    plural,
    quoted,
    security_context,
    setters,
)
from kubelite.api.podutil import containers
from kubelite.apimachinery.scheme import Object

VOLUME_TYPES: Final = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)
WINDOWS_MINOR: Final = 25
"""From this version on, pods for Windows need not say what means nothing there."""


def _is_for_windows(spec: Object, minor: int) -> bool:
    return minor >= WINDOWS_MINOR and (spec.get("os") or {}).get("name") == "windows"


def check_privilege_escalation(_metadata: Object, spec: Object, minor: int) -> Violation | None:
    """No process gets more rights than its parent had."""
    if _is_for_windows(spec, minor):
        return None
    bad = containers_that(
        spec, lambda container: security_context(container).get("allowPrivilegeEscalation") is not False
    )
    if not bad:
        return None
    detail = f"{named_containers(bad)} must set securityContext.allowPrivilegeEscalation=false"
    return Violation("allowPrivilegeEscalation != false", detail)


def check_capabilities(_metadata: Object, spec: Object, minor: int) -> Violation | None:
    """No capabilities; low ports may be asked for."""
    if _is_for_windows(spec, minor):
        return None

    def capabilities(container: Object, field: str) -> list[str]:
        found = (security_context(container).get("capabilities") or {}).get(field) or []
        return [name for name in found if name != "NET_BIND_SERVICE"]

    details = []
    keeping = containers_that(spec, lambda container: "ALL" not in capabilities(container, "drop"))
    if keeping:
        details.append(f'{named_containers(keeping)} must set securityContext.capabilities.drop=["ALL"]')
    adding = containers_that(spec, lambda container: bool(capabilities(container, "add")))
    if adding:
        values = sorted({name for container in containers(spec) for name in capabilities(container, "add")})
        where = "in securityContext.capabilities.add"
        details.append(f"{named_containers(adding)} must not include {quoted(values)} {where}")
    return Violation("unrestricted capabilities", "; ".join(details)) if details else None


def check_volumes(_metadata: Object, spec: Object, _minor: int) -> Violation | None:
    """Only volumes of the cluster's own, and claims."""
    bad, types = [], set()
    for volume in spec.get("volumes") or ():
        sources = [key for key, value in volume.items() if key != "name" and value is not None]
        if not VOLUME_TYPES.intersection(sources):
            bad.append(volume["name"])
            types.add(sources[0] if sources else "unknown")
    if not bad:
        return None
    volumes = f"{plural('volume', 'volumes', len(bad))} {quoted(sorted(set(bad)))}"
    what = f"{plural('uses', 'use', len(bad))} restricted volume {plural('type', 'types', len(types))}"
    return Violation("restricted volume types", f"{volumes} {what} {quoted(sorted(types))}")


def check_non_root(_metadata: Object, spec: Object, minor: int) -> Violation | None:
    """Nobody runs as root, and it is said."""
    if has_own_users(spec, minor):
        return None
    reason = "runAsNonRoot != true"
    who = setters(spec, lambda context: context.get("runAsNonRoot") is False)
    if who:
        return Violation(reason, f"{who} must not set securityContext.runAsNonRoot=false")
    if security_context(spec).get("runAsNonRoot"):
        return None
    silent = containers_that(spec, lambda container: security_context(container).get("runAsNonRoot") is None)
    if not silent:
        return None
    return Violation(reason, f"pod or {named_containers(silent)} must set securityContext.runAsNonRoot=true")


def check_user(_metadata: Object, spec: Object, minor: int) -> Violation | None:
    """Nobody asks to be root."""
    if has_own_users(spec, minor):
        return None
    who = setters(spec, lambda context: context.get("runAsUser") == 0)
    return Violation("runAsUser=0", f"{who} must not set runAsUser=0") if who else None


def check_seccomp_set(metadata: Object, spec: Object, minor: int) -> Violation | None:
    """A profile of the runtime or of the node, and it is said."""
    if _is_for_windows(spec, minor):
        return None
    bad = check_seccomp(metadata, spec, minor)
    own = security_context(spec)
    if bad is not None or (seccomp_type(own) is not None and not has_bad_seccomp(own)):
        return bad
    silent = containers_that(spec, lambda container: seccomp_type(security_context(container)) is None)
    if not silent:
        return None
    choice = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Violation("seccompProfile", f"pod or {named_containers(silent)} {choice}")
