"""Judging a pod by a level of the Pod Security Standards.

Source: k8s.io/pod-security-admission/policy/registry.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from kubelite.api.podsecurity import baseline, restricted
from kubelite.api.podsecurity.policy import BASELINE, NEWEST_MINOR, PRIVILEGED, Standard
from kubelite.api.podsecurity.wording import Violation
from kubelite.apimachinery.scheme import Object

Check: TypeAlias = Callable[[Object, Object, int], Violation | None]
"""Of a pod's metadata, its spec, and the minor version."""

ALWAYS: Final[tuple[tuple[int, Check], ...]] = (
    (0, baseline.check_apparmor),
    (0, baseline.check_host_namespaces),
    (0, baseline.check_host_ports),
    (34, baseline.check_probed_hosts),
    (0, baseline.check_privileged),
    (0, baseline.check_proc_mount),
    (0, baseline.check_selinux),
    (0, baseline.check_sysctls),
    (0, baseline.check_host_process),
)
"""Checks of both levels, each with the minor version that brought it; in the order of Kubernetes' files."""

ONLY_BASELINE: Final[tuple[tuple[int, int, Check], ...]] = (
    (0, NEWEST_MINOR, baseline.check_capabilities),
    (0, NEWEST_MINOR, baseline.check_host_paths),
    (0, 18, baseline.check_seccomp_annotations),
    (19, NEWEST_MINOR, baseline.check_seccomp),
)
"""Checks that the stricter level has stricter; with the first and the last minor version."""

ONLY_RESTRICTED: Final[tuple[tuple[int, Check], ...]] = (
    (8, restricted.check_privilege_escalation),
    (22, restricted.check_capabilities),
    (0, restricted.check_volumes),
    (0, restricted.check_non_root),
    (23, restricted.check_user),
    (19, restricted.check_seccomp_set),
)


def violations(standard: Standard, metadata: Object, spec: Object) -> list[Violation]:
    """What a pod does that a standard forbids."""
    if standard.level == PRIVILEGED:
        return []
    minor = standard.minor
    checks = [check for since, check in ALWAYS if minor >= since]
    if standard.level == BASELINE:
        checks += [check for since, last, check in ONLY_BASELINE if since <= minor <= last]
    else:
        checks += [check for since, check in ONLY_RESTRICTED if minor >= since]
    found = [check(metadata, spec, minor) for check in checks]
    return [violation for violation in found if violation is not None]
