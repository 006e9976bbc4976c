"""Paths that are no resource: health and version. Pure.

Source: k8s.io/apiserver/pkg/server/healthz, pkg/version.
"""

from __future__ import annotations

import hashlib
import platform
from typing import Final

import orjson

from kubelite.master.rest.requestinfo import Query

GIT_VERSION: Final = "v1.36.3+kubelite"
_CHECKS: Final = {
    "healthz": ("ping", "log", "etcd"),
    "livez": ("ping", "log", "etcd"),
    "readyz": ("ping", "log", "etcd", "informer-sync", "shutdown"),
}
_NOT_ALONE: Final = frozenset({("readyz", "etcd")})
"""Checks that have no path of their own."""


def version_document() -> bytes:
    """The answer of /version."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return orjson.dumps(
        {
            "major": "1",
            "minor": "36",
            "emulationMajor": "1",
            "emulationMinor": "36",
            "minCompatibilityMajor": "1",
            "minCompatibilityMinor": "35",
            "gitVersion": GIT_VERSION,
            "gitCommit": hashlib.sha1(GIT_VERSION.encode(), usedforsecurity=False).hexdigest(),
            "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": f"python{platform.python_version()}",
            "compiler": platform.python_implementation().lower(),
            "platform": f"{platform.system().lower()}/{machine}",
        }
    )


def health_text(path: str, query: Query) -> str | None:
    """What a healthy server says to /healthz, /livez, /readyz and single checks; None for other paths."""
    kind, _, check = path.strip("/").partition("/")
    checks = _CHECKS.get(kind)
    if checks is None or (check and (check not in checks or (kind, check) in _NOT_ALONE)):
        return None
    if check:
        return "ok"
    if not query.has("verbose"):
        return "ok"
    excluded = set(query.texts("exclude"))
    lines = [f"[+]{name} excluded: ok" if name in excluded else f"[+]{name} ok" for name in checks]
    unknown = sorted(excluded - {*checks})
    if unknown:
        quoted = ",".join(f'"{name}"' for name in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {quoted}")
    return "\n".join([*lines, f"{kind} check passed\n"])


def is_health_root(path: str) -> bool:
    """Whether a path is one of the three health endpoints itself."""
    return path.strip("/") in _CHECKS
