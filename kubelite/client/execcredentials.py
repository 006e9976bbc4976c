"""Credentials that a kubeconfig has another program make: `users[].user.exec`.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Final

import orjson

from kubelite.client.kubeconfig import Credentials

TIMEOUT_S: Final = 60.0


def run_plugin(plugin: dict[str, Any], folder: Path, cluster: dict[str, Any] | None = None) -> Credentials:
    """Runs the program and reads what it says; this blocks.

    Args:
        plugin: The `exec` section.
        folder: Where relative commands are looked up: that of the kubeconfig.
        cluster: What the program is told of the cluster, if it wants to know.

    Raises:
        ValueError: It fails, or says nothing of use.
    """
    command = plugin.get("command") or ""
    if not command:
        raise ValueError("the kubeconfig's exec section names no command")
    if plugin.get("interactiveMode") == "Always":
        raise ValueError(
            f"{command}, which makes the credentials, wants to ask a person: that is not possible here"
        )
    if os.sep in command and not Path(command).is_absolute():
        command = str(folder / command)
    version = plugin.get("apiVersion", "client.authentication.k8s.io/v1")
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo") and cluster is not None:
        spec["cluster"] = cluster
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": spec}
    environment = {
        **os.environ,
        "KUBERNETES_EXEC_INFO": orjson.dumps(info).decode(),
        **{str(each.get("name")): str(each.get("value") or "") for each in plugin.get("env") or ()},
    }
    try:
        done = subprocess.run(  # noqa: S603 - the user's own kubeconfig asks for it
            [command, *(plugin.get("args") or ())],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
        )
        status = orjson.loads(done.stdout)["status"]
        found = Credentials(
            status.get("token") or "",
            (status.get("clientCertificateData") or "").encode(),
            (status.get("clientKeyData") or "").encode(),
        )
    except subprocess.CalledProcessError as error:
        text = error.stderr.decode(errors="replace").strip()
        raise ValueError(f"{command}, which makes the credentials, failed: {text}") from error
    except FileNotFoundError as error:
        hint = str(plugin.get("installHint") or "").strip()
        raise ValueError(
            f"{command}, which makes the credentials, is not installed. {hint}".strip()
        ) from error
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{command}, which makes the credentials, failed: {error!r}") from error
    if not found.token and not found.certificate_pem:
        raise ValueError(f"{command}, which makes the credentials, gave neither a token nor a certificate")
    return found
