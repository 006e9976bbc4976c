"""Kubeconfig files: how kubectl, helm and all other clients find a cluster and say who they are.

Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import orjson

from kubelite import records

FILE_MODE = 0o600


@records.frozen(repr=False)
class Credentials:
    """Who a client is. Nothing of it shows in a repr.

    Attributes:
        token: Bearer token; empty for none.
        certificate_pem: Client certificate; empty for none.
        key_pem: Its private key.
    """

    token: str = ""
    certificate_pem: bytes = b""
    key_pem: bytes = b""

    def __repr__(self) -> str:
        return "<Credentials>"


@records.frozen
class Connection:
    """Where an API server is, whom to trust there, and who one is.

    Attributes:
        url: Of the API server.
        authority_pem: The certificate that the server's is checked against; empty for plain HTTP.
        credentials: Of the client.
        insecure: The server's certificate is not checked.
    """

    url: str
    authority_pem: bytes = records.field(default=b"", repr=False)
    credentials: Credentials = records.field(factory=Credentials)
    insecure: bool = False


def make_kubeconfig(name: str, connection: Connection) -> dict[str, Any]:
    """The content of a kubeconfig: one cluster, two users (token and client certificate), two contexts.

    The current context is named like the cluster and uses the token; `NAME-certificate` uses the certificate.
    """
    credentials = connection.credentials
    cluster: dict[str, Any] = {"server": connection.url}
    if connection.authority_pem:
        cluster["certificate-authority-data"] = _encoded(connection.authority_pem)
    users = [{"name": f"{name}-admin", "user": {"token": credentials.token} if credentials.token else {}}]
    contexts = [{"name": name, "context": {"cluster": name, "user": f"{name}-admin"}}]
    if credentials.certificate_pem:
        pair = {
            "client-certificate-data": _encoded(credentials.certificate_pem),
            "client-key-data": _encoded(credentials.key_pem),
        }
        users.append({"name": f"{name}-certificate", "user": pair})
        contexts.append(
            {"name": f"{name}-certificate", "context": {"cluster": name, "user": f"{name}-certificate"}}
        )
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": users,
        "contexts": contexts,
        "current-context": name,
        "preferences": {},
    }


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def write_kubeconfig(path: Path, content: dict[str, Any]) -> None:
    """Writes a kubeconfig (as JSON, which is YAML) that only its owner can read.

    Raises:
        OSError: The file cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), FILE_MODE)
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def read_kubeconfig(path: Path, context: str = "") -> Connection:
    """The connection of a context (the current one if none is named).

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no kubeconfig, or lacks the context.
    """
    from kubelite.apimachinery import codec  # noqa: PLC0415 - who writes kubeconfigs needs no YAML

    content = codec.parse_yaml(path.read_bytes()).value
    if not isinstance(content, dict):
        raise ValueError(f"{path} is no kubeconfig")  # noqa: TRY004 - the file's content, not an argument's type
    chosen = _named(content, "context", context or content.get("current-context") or "")
    cluster, user = (
        _named(content, "cluster", chosen.get("cluster", "")),
        _named(content, "user", chosen.get("user", "")),
    )
    folder = path.resolve().parent
    credentials = Credentials(
        user.get("token") or _data(user, "tokenFile", folder).decode().strip(),
        _data(user, "client-certificate", folder),
        _data(user, "client-key", folder),
    )
    return Connection(
        cluster["server"],
        _data(cluster, "certificate-authority", folder),
        credentials,
        bool(cluster.get("insecure-skip-tls-verify")),
    )


def _named(content: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    for each in content.get(f"{kind}s") or ():
        if each.get("name") == name:
            return dict(each.get(kind) or {})
    raise ValueError(f"the kubeconfig has no {kind} named {name!r}")


def _data(entry: dict[str, Any], name: str, folder: Path) -> bytes:
    """What stands in the entry itself, or in the file that it names."""
    if entry.get(f"{name}-data"):
        return base64.b64decode(entry[f"{name}-data"])
    return (folder / entry[name]).read_bytes() if entry.get(name) else b""
