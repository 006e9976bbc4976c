"""How a program in a pod finds its cluster: by the environment and the files of its service account.

Source: k8s.io/client-go/rest/config.go (InClusterConfig).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
NAME: Final = "in-cluster"


def in_cluster(
    folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """A kubeconfig that says the same; None if this is no pod. The token is read anew when it has run out.

    Args:
        folder: Of the service account's files.
        environment: The variables.
    """
    folder = FOLDER if folder is None else folder
    environment = os.environ if environment is None else environment
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    if not host or not port or not (folder / "token").exists():
        return None
    cluster: dict[str, Any] = {
        "server": f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    }
    if (folder / "ca.crt").exists():
        cluster["certificate-authority"] = str(folder / "ca.crt")
    context = {"cluster": NAME, "user": NAME}
    if (folder / "namespace").exists():
        context["namespace"] = (folder / "namespace").read_text().strip()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": NAME, "user": {"tokenFile": str(folder / "token")}}],
        "contexts": [{"name": NAME, "context": context}],
        "current-context": NAME,
        "preferences": {},
    }
