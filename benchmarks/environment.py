"""On what the figures were measured."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from benchmarks.measure import CALIBRATION_REFERENCE_S, calibrate

LIBRARIES = ("aiohttp", "attrs", "orjson", "cryptography", "structlog", "anyio")


def describe() -> dict[str, object]:
    """Machine, interpreter, libraries, revision, and what the calibration loop took."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.platform(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "revision": _revision(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "calibration_s": calibrate(),
        "calibration_reference_s": CALIBRATION_REFERENCE_S,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _revision() -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
