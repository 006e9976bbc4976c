"""Which level of the Pod Security Standards a namespace asks for, by its labels.

Source: k8s.io/pod-security-admission/api (constants.go, helpers.go).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

from kubelite.apimachinery.field import FieldError

PREFIX: Final = "pod-security.kubernetes.io/"
PRIVILEGED: Final = "privileged"
BASELINE: Final = "baseline"
RESTRICTED: Final = "restricted"
LEVELS: Final = (PRIVILEGED, BASELINE, RESTRICTED)
"""From lax to strict."""
LATEST: Final = "latest"
NEWEST_MINOR: Final = 1 << 30
_VERSION: Final = re.compile(r"v1\.(0|[1-9][0-9]*)")


@attrs.frozen
class Standard:
    """A level as a version of Kubernetes defined it."""

    level: str = PRIVILEGED
    version: str = LATEST

    @property
    def strictness(self) -> int:
        """Compares levels."""
        return LEVELS.index(self.level)

    @property
    def minor(self) -> int:
        """The version as a number."""
        return NEWEST_MINOR if self.version == LATEST else int(self.version.removeprefix("v1."))

    def tightens(self, former: Standard | None) -> bool:
        """Whether pods within the former standard (None: everything was allowed) may be beyond it."""
        before = former or Standard()
        if self == before or self.level == PRIVILEGED:
            return False
        return self.version != before.version or self.strictness > before.strictness

    def __str__(self) -> str:
        return f"{self.level}:{self.version}"


@attrs.frozen
class Policy:
    """What a namespace does about pods beyond a level: refuse them, or warn of them."""

    enforce: Standard = Standard()
    warn: Standard = Standard()


NO_POLICY: Final = Policy()


def policy_of(labels: Mapping[str, str] | None) -> tuple[Policy, list[FieldError]]:
    """The policy that labels ask for, and what is wrong with them.

    What cannot be read is enforced as strictly as can be, and not warned of at all.
    """
    if not labels or not any(key.startswith(PREFIX) for key in labels):
        return NO_POLICY, []
    errors: list[FieldError] = []
    enforce_level = _level(labels, "enforce", errors)
    enforce = Standard(enforce_level or RESTRICTED, _version(labels, "enforce", errors))
    _level(labels, "audit", errors)
    _version(labels, "audit", errors)
    warn = Standard(_level(labels, "warn", errors) or PRIVILEGED, _version(labels, "warn", errors))
    if f"{PREFIX}warn" not in labels and enforce_level and enforce.strictness > warn.strictness:
        version = warn.version if f"{PREFIX}warn-version" in labels else enforce.version
        warn = Standard(enforce.level, version)
    return Policy(enforce, warn), errors


def _level(labels: Mapping[str, str], mode: str, errors: list[FieldError]) -> str:
    """The level of a mode; "" if it cannot be read."""
    value = labels.get(f"{PREFIX}{mode}")
    if value is None:
        return PRIVILEGED
    if value in LEVELS:
        return value
    errors.append(_invalid(mode, value, f"must be one of {', '.join(LEVELS)}"))
    return ""


def _version(labels: Mapping[str, str], mode: str, errors: list[FieldError]) -> str:
    value = labels.get(f"{PREFIX}{mode}-version", LATEST)
    if value == LATEST or _VERSION.fullmatch(value):
        return value
    errors.append(_invalid(f"{mode}-version", value, 'must be "latest" or "v1.x"'))
    return LATEST


def _invalid(label: str, value: str, detail: str) -> FieldError:
    return FieldError.invalid(f"metadata.labels[{PREFIX}{label}]", value, detail)
