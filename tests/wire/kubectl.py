"""Real kubectl, run as a user runs it, and the manifests of the backend-service story."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import yaml

from kubelite import BlockingCluster

OLDER_VERSIONS = ("1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33")
NEWEST_VERSION = "1.37"
VERSIONS = (*OLDER_VERSIONS, NEWEST_VERSION)

COMMAND_TIMEOUT_S = 30
LABELS = {"tier": "backend", "app": "myapp"}


def versions_for(test: str, count: int) -> list[str]:
    """The newest kubectl and `count - 1` older ones, chosen by the test's name: each has its turn."""
    older = min(count - 1, len(OLDER_VERSIONS))
    first = zlib.crc32(test.encode())
    chosen = {(first + turn * len(OLDER_VERSIONS) // older) % len(OLDER_VERSIONS) for turn in range(older)}
    return [*(OLDER_VERSIONS[each] for each in sorted(chosen)), NEWEST_VERSION]


def find_kubectl(version: str) -> Path | None:
    """The binary of a version: in KUBELITE_TEST_TOOLS, or beside the dispatcher of Google's tools."""
    places = [Path(os.environ["KUBELITE_TEST_TOOLS"])] if os.environ.get("KUBELITE_TEST_TOOLS") else []
    if dispatcher := shutil.which("kubectl"):
        places.append(Path(dispatcher).resolve().parent)
    return next(
        (place / f"kubectl.{version}" for place in places if (place / f"kubectl.{version}").is_file()), None
    )


@attrs.frozen
class Kubectl:
    """One version of kubectl, with a kubeconfig, a home and a default namespace."""

    binary: Path
    version: tuple[int, ...]
    kubeconfig: Path
    home: Path
    namespace: str

    @classmethod
    def of(cls, version: str, cluster: BlockingCluster, namespace: str, homes: Path) -> Kubectl:
        """kubectl for a cluster; discovery is cached per cluster and version below `homes`."""
        binary = find_kubectl(version)
        assert binary is not None
        home = homes / f"{cluster.url.rpartition(':')[2]}-{version}"
        home.mkdir(exist_ok=True)
        return cls(binary, tuple(map(int, version.split("."))), cluster.kubeconfig, home, namespace)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the machine's own configuration; a command is over before its garbage matters."""
        return {
            "GOGC": "off",
            "GOMEMLIMIT": "256MiB",
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "KUBECACHEDIR": str(self.home / "cache"),
            "KUBECONFIG": str(self.kubeconfig),
        }

    def run(self, *args: str, stdin: object = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end; `stdin` may be a manifest."""
        return subprocess.run(
            [self.binary, "--namespace", self.namespace, *args],
            input=as_text(stdin),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    def __call__(self, *args: str, stdin: object = "", **environment: str) -> str:
        """What a command prints; it must succeed."""
        done = self.run(*args, stdin=stdin, **environment)
        assert done.returncode == 0, f"kubectl {' '.join(args)}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *args: str) -> Any:
        """The object that a command prints."""
        return json.loads(self(*args, "--output", "json"))

    def fails(self, *args: str, stdin: object = "", **environment: str) -> str:
        """What a command complains of; it must fail."""
        done = self.run(*args, stdin=stdin, **environment)
        assert done.returncode != 0, f"kubectl {' '.join(args)} succeeded: {done.stdout}{done.stderr}"
        return done.stderr.strip()

    @contextmanager
    def following(self, *args: str, stderr: int | None = None) -> Iterator[Iterator[str]]:
        """The lines of a command that goes on; it is killed at the end, or when it hangs."""
        with subprocess.Popen(
            [self.binary, "--namespace", self.namespace, *args],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process:
            assert process.stdout is not None
            killer = threading.Timer(COMMAND_TIMEOUT_S, process.kill)
            killer.start()
            try:
                yield iter(process.stdout)
            finally:
                killer.cancel()
                process.kill()

    def backend(self, replicas: int = 2) -> None:
        """The ReplicationController and the Service of the story, all ready."""
        self("create", "-f", "-", stdin=[controller(replicas), service()])
        self.await_ready(replicas)

    def await_ready(self, replicas: int) -> None:
        """Wait until so many replicas of the backend are ready."""
        self("wait", f"--for=jsonpath={{.status.readyReplicas}}={replicas}", "rc/backend", "--timeout=20s")

    def frontend(self) -> None:
        """A pod of busybox to run commands in."""
        self("run", "frontend", "--image=busybox", "--restart=Never", "--", "sleep", "3600")
        self("wait", "--for=condition=Ready", "pod/frontend", "--timeout=20s")


def as_text(manifest: object) -> str:
    """A manifest as YAML; text is left as it is."""
    if isinstance(manifest, str):
        return manifest
    return yaml.safe_dump_all(manifest if isinstance(manifest, list) else [manifest])


def controller(replicas: int = 2, **spec: Any) -> dict[str, Any]:
    """The ReplicationController of the story."""
    web = {
        "name": "web",
        "image": "nginx",
        "ports": [{"containerPort": 80}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1},
    }
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [web]}}
    return {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "backend"},
        "spec": {"replicas": replicas, "selector": LABELS, "template": template} | spec,
    }


def service(**port: Any) -> dict[str, Any]:
    """The Service of the story."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "backend-service"},
        "spec": {"selector": LABELS, "ports": [{"port": 80} | port]},
    }
