"""Under which rights a pod and its containers may ask to run.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (validatePodSpecSecurityContext,
ValidateSecurityContext, validateSeccompProfileField, ValidateAppArmorProfileField, validateSysctls).
"""

from __future__ import annotations

import re
from typing import Final

from kubelite.api.internalform import internal_form
from kubelite.api.validation.paths import validate_descending_path
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from kubelite.apimachinery.scheme import Object

ID_MAX: Final = (1 << 31) - 1
ID_RANGE: Final = f"must be between 0 and {ID_MAX}, inclusive"
PROFILE_TYPES: Final = ("Localhost", "RuntimeDefault", "Unconfined")
SYSCTL_LENGTH_MAX: Final = 253
_APPARMOR_LENGTH_MAX: Final = 4095
_SYSCTL_PART: Final = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL: Final = rf"^({_SYSCTL_PART}[\./])*{_SYSCTL_PART}$"
_SYSCTL_RE: Final = re.compile(_SYSCTL)
_SECCOMP: Final = "seccomp type"
_HOST_FIELDS: Final = ("hostNetwork", "hostPID", "hostIPC")


def _validate_id(context: Object, field: str, path: str) -> Errors:
    value = context.get(field)
    if value is None or 0 <= value <= ID_MAX:
        return []
    return [invalid(f"{path}.{field}", value, ID_RANGE)]


def _validate_one_of(context: Object, field: str, choices: tuple[str, ...], path: str) -> Errors:
    value = context.get(field)
    if value is None or value in choices:
        return []
    return [not_supported(f"{path}.{field}", value, choices)]


def validate_seccomp_profile(profile: Object | None, path: str) -> Errors:
    """The errors in a seccomp profile."""
    if profile is None:
        return []
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    errors: Errors = []
    if not kind:
        errors.append(required(f"{path}.type", "type is required when seccompProfile is set"))
    elif kind not in PROFILE_TYPES:
        errors.append(not_supported(f"{path}.type", kind, PROFILE_TYPES))
    here = f"{path}.localhostProfile"
    if kind == "Localhost":
        if local is None:
            errors.append(required(here, f"must be set when {_SECCOMP} is Localhost"))
        else:
            errors += validate_descending_path(local, here)
    elif local is not None:
        errors.append(invalid(here, profile, f"can only be set when {_SECCOMP} is Localhost"))
    return errors


def validate_apparmor_profile(profile: Object | None, path: str) -> Errors:
    """The errors in an AppArmor profile."""
    if profile is None:
        return []
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    here = f"{path}.localhostProfile"
    if not kind:
        return [required(f"{path}.type", "type is required when appArmorProfile is set")]
    if kind not in PROFILE_TYPES:
        return [not_supported(f"{path}.type", kind, PROFILE_TYPES)]
    if kind != "Localhost":
        detail = "can only be set when AppArmor type is Localhost"
        return [] if local is None else [invalid(here, local, detail)]
    if local is None or not local.strip():
        return [required(here, "must be set when AppArmor type is Localhost")]
    errors: Errors = []
    if local != local.strip():
        errors.append(invalid(here, local, "must not be padded with whitespace"))
    if len(local) > _APPARMOR_LENGTH_MAX:
        errors.append(too_long(here, local, _APPARMOR_LENGTH_MAX))
    return errors


def validate_security_context(context: Object | None, path: str, *, host_users: bool = True) -> Errors:
    """The errors in a container's security context."""
    if context is None:
        return []
    errors = _validate_id(context, "runAsUser", path) + _validate_id(context, "runAsGroup", path)
    errors += _validate_one_of(context, "procMount", ("Default", "Unmasked"), path)
    if host_users and context.get("procMount") == "Unmasked":
        detail = "`hostUsers` must be false to use `Unmasked`"
        errors.append(invalid(f"{path}.procMount", context["procMount"], detail))
    errors += validate_seccomp_profile(context.get("seccompProfile"), f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            errors.append(invalid(path, internal_form("api.core.v1.SecurityContext", context), detail))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            errors.append(invalid(path, internal_form("api.core.v1.SecurityContext", context), detail))
    return errors + validate_apparmor_profile(context.get("appArmorProfile"), f"{path}.appArmorProfile")


def validate_pod_security_context(spec: Object, path: str) -> Errors:
    """The errors in a pod's security context.

    Args:
        spec: The pod's.
        path: Of the spec.
    """
    context = spec.get("securityContext") or {}
    here = f"{path}.securityContext"
    errors: Errors = []
    for field in ("fsGroup", "runAsUser", "runAsGroup"):
        errors += _validate_id(context, field, here)
    errors += [
        invalid(f"{here}.supplementalGroups[{index}]", group, ID_RANGE)
        for index, group in enumerate(context.get("supplementalGroups") or ())
        if not 0 <= group <= ID_MAX
    ]
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(invalid(f"{here}.shareProcessNamespace", True, detail))
    errors += _validate_sysctls(context.get("sysctls") or [], spec, f"{here}.sysctls")
    errors += _validate_one_of(context, "fsGroupChangePolicy", ("OnRootMismatch", "Always"), here)
    errors += validate_seccomp_profile(context.get("seccompProfile"), f"{here}.seccompProfile")
    errors += validate_apparmor_profile(context.get("appArmorProfile"), f"{here}.appArmorProfile")
    errors += _validate_one_of(context, "supplementalGroupsPolicy", ("Merge", "Strict"), here)
    return errors + _validate_one_of(context, "seLinuxChangePolicy", ("MountOption", "Recursive"), here)


def _validate_sysctls(sysctls: list[Object], spec: Object, path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        name, here = sysctl.get("name") or "", f"{path}[{index}].name"
        dotted = name.replace("/", ".")
        if not name:
            errors.append(required(here, ""))
        elif len(name) > SYSCTL_LENGTH_MAX or not _SYSCTL_RE.match(name):
            detail = f"must have at most {SYSCTL_LENGTH_MAX} characters and match regex {_SYSCTL}"
            errors.append(invalid(here, name, detail))
        elif dotted in seen:
            errors.append(duplicate(here, name))
        seen.add(dotted)
        if spec.get("hostNetwork") and dotted.startswith("net."):
            errors.append(invalid(here, name, "may not be specified when 'hostNetwork' is true"))
        if spec.get("hostIPC") and dotted.startswith(
            ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
        ):
            errors.append(invalid(here, name, "may not be specified when 'hostIPC' is true"))
    return errors


def validate_host_users(spec: Object, path: str) -> Errors:
    """A pod with users of its own shares no namespace of the host."""
    if spec.get("hostUsers") is not False:
        return []
    return [
        forbidden(f"{path}.{field}", "when `hostUsers` is false") for field in _HOST_FIELDS if spec.get(field)
    ]


# --- operating systems --------------------------------------------------------------------------------------

_OPERATING_SYSTEMS: Final = ("linux", "windows")
_NOT_ON_WINDOWS: Final = "cannot be set for a windows pod"
_WINDOWS_POD: Final = (
    "appArmorProfile",
    "seLinuxOptions",
    "hostUsers",
    "hostPID",
    "hostIPC",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "shareProcessNamespace",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
)
_WINDOWS_CONTAINER: Final = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)
_OF_SPEC: Final = frozenset({"hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"})
_CONTAINER_FIELDS: Final = ("initContainers", "containers", "ephemeralContainers")


def validate_operating_system(spec: Object, path: str) -> Errors:
    """What a pod may not ask for on the operating system that it names."""
    system = spec.get("os")
    if system is None:
        return []
    name = system.get("name") or ""
    if not name:
        return [required(f"{path}.os.name", "cannot be empty")]
    if name not in _OPERATING_SYSTEMS:
        return [not_supported(f"{path}.os", name, _OPERATING_SYSTEMS)]
    return _validate_linux(spec, path) if name == "linux" else _validate_windows(spec, path)


def _validate_linux(spec: Object, path: str) -> Errors:
    detail = "windows options cannot be set for a linux pod"
    errors: Errors = []
    if (spec.get("securityContext") or {}).get("windowsOptions") is not None:
        errors.append(forbidden(f"{path}.securityContext.windowsOptions", detail))
    errors += [
        forbidden(f"{path}.{field}[{index}].securityContext.windowsOptions", detail)
        for field in _CONTAINER_FIELDS
        for index, container in enumerate(spec.get(field) or ())
        if (container.get("securityContext") or {}).get("windowsOptions") is not None
    ]
    return errors


def _validate_windows(spec: Object, path: str) -> Errors:
    context = spec.get("securityContext") or {}
    errors: Errors = []
    for field in _WINDOWS_POD:
        if field in _OF_SPEC:
            is_set = spec.get(field) if field.startswith("hostP") or field == "hostIPC" else field in spec
            where = f"{path}.{field}" if field.startswith("host") else f"{path}.securityContext.{field}"
        else:
            is_set, where = context.get(field) is not None, f"{path}.securityContext.{field}"
        if is_set:
            errors.append(forbidden(where, _NOT_ON_WINDOWS))
    errors += [
        forbidden(f"{path}.{field}[{index}].securityContext.{key}", _NOT_ON_WINDOWS)
        for field in _CONTAINER_FIELDS
        for index, container in enumerate(spec.get(field) or ())
        for key in _WINDOWS_CONTAINER
        if (container.get("securityContext") or {}).get(key) is not None
    ]
    return errors
