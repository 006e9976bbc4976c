"""Kubeconfig files: how kubectl, helm and all other clients find a cluster and say who they are.

Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import orjson

FILE_MODE = 0o600


@attrs.frozen(repr=False, eq=False)
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


@attrs.frozen(eq=False)
class Connection:
    """Where an API server is, whom to trust there, and who one is.

    Attributes:
        url: Of the API server.
        authority_pem: The certificate that the server's is checked against; empty for plain HTTP.
        credentials: Of the client.
        insecure: The server's certificate is not checked.
        server_name: That the server's certificate is for; empty for the host of the URL.
        proxy: The URL of an HTTP proxy on the way there; empty for none.
        headers: Sent with every request: on whose behalf it is.
        renew: Gives credentials anew, where they may run out; it blocks.
        namespace: That the context names; empty for none.
    """

    url: str
    authority_pem: bytes = attrs.field(default=b"", repr=False)
    credentials: Credentials = attrs.field(factory=Credentials)
    insecure: bool = False
    server_name: str = ""
    proxy: str = ""
    headers: Sequence[tuple[str, str]] = ()
    renew: Callable[[], Credentials] | None = attrs.field(default=None, eq=False, repr=False)
    namespace: str = ""


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


def default_paths() -> list[Path]:
    """Where kubectl looks for kubeconfigs: `$KUBECONFIG`, which may name several, or `~/.kube/config`."""
    named = [Path(each) for each in os.environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    return [each for each in named if each.exists()] or named[:1] or [Path.home() / ".kube" / "config"]


def read_kubeconfig(path: Path | Sequence[Path], context: str = "") -> Connection:
    """The connection of a context (the current one if none is named).

    Args:
        path: Of the kubeconfig, or of several that count as one, the first before the others.
        context: Its name.

    Raises:
        OSError: A file cannot be read.
        ValueError: It is no kubeconfig, lacks the context, or asks for what is not supported.
    """
    files = [_load(each) for each in ([path] if isinstance(path, Path) else path)]
    _, chosen = _context(files, context)
    near, cluster = _named(files, "cluster", chosen.get("cluster", ""))
    folder, user = _named(files, "user", chosen.get("user", ""))
    url = str(cluster.get("server") or "").rstrip("/")
    if not url:
        raise ValueError(f"the kubeconfig's cluster {chosen.get('cluster')!r} has no server")
    authority = _data(cluster, "certificate-authority", near)
    insecure = bool(cluster.get("insecure-skip-tls-verify"))
    if authority and insecure:
        raise ValueError("the kubeconfig says whom to trust (certificate-authority), and not to check it")
    proxy = str(cluster.get("proxy-url") or "")
    if proxy and not proxy.startswith(("http://", "https://")):
        raise ValueError(f"proxy-url {proxy} is not supported: only http:// and https:// proxies are")
    told = (
        {"server": url, "certificate-authority-data": _encoded(authority)} if authority else {"server": url}
    )
    if insecure:
        told["insecure-skip-tls-verify"] = True  # type: ignore[assignment] # as client-go tells it to plugins
    renew = partial(_credentials, user, folder, told)
    return Connection(
        url,
        authority,
        renew(),
        insecure,
        server_name=str(cluster.get("tls-server-name") or ""),
        proxy=proxy,
        headers=tuple(_headers(user)),
        renew=renew if user.get("exec") or user.get("tokenFile") else None,
        namespace=str(chosen.get("namespace") or ""),
    )


def _context(files: Sequence[_File], name: str) -> tuple[str, dict[str, Any]]:
    """The context that is meant, and its name."""
    current = next((each["current-context"] for _, each in files if each.get("current-context")), "")
    if not name and not current:
        known = [str(each.get("name")) for _, content in files for each in content.get("contexts") or ()]
        raise ValueError(f"the kubeconfig has no current context; there are {', '.join(known) or 'none'}")
    _, chosen = _named(files, "context", name or current)
    return name or current, chosen


def _credentials(user: dict[str, Any], folder: Path, cluster: dict[str, Any]) -> Credentials:
    """Who a user of a kubeconfig is.

    Raises:
        ValueError: That is said in a way which is not supported.
    """
    if user.get("auth-provider"):
        name = (user["auth-provider"] or {}).get("name")
        raise ValueError(f"auth-provider {name!r} is not supported: Kubernetes has exec plugins instead")
    if user.get("exec"):
        from kubelite.client.execcredentials import run_plugin  # noqa: PLC0415 - it runs other programs

        return run_plugin(user["exec"], folder, cluster)
    found = Credentials(
        _data(user, "tokenFile", folder).decode().strip() or user.get("token") or "",
        _data(user, "client-certificate", folder),
        _data(user, "client-key", folder),
    )
    if bool(found.certificate_pem) != bool(found.key_pem):
        raise ValueError("the kubeconfig's user has one of client-certificate and client-key: it takes both")
    return found


def _headers(user: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What requests carry besides credentials: a password, and on whose behalf they are."""
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password') or ''}"
        yield "Authorization", f"Basic {_encoded(pair.encode())}"
    if user.get("as"):
        yield "Impersonate-User", str(user["as"])
    if user.get("as-uid"):
        yield "Impersonate-Uid", str(user["as-uid"])
    for group in user.get("as-groups") or ():
        yield "Impersonate-Group", str(group)
    for key, values in (user.get("as-user-extra") or {}).items():
        for value in values:
            yield f"Impersonate-Extra-{key}", str(value)


def minified(path: Path | Sequence[Path], context: str = "") -> dict[str, Any]:
    """A kubeconfig of one context only, its current one; files that it names are found from anywhere.

    Raises:
        OSError: A file cannot be read.
        ValueError: It is no kubeconfig, or lacks the context.
    """
    files = [_load(each) for each in ([path] if isinstance(path, Path) else path)]
    name, chosen = _context(files, context)
    near, cluster = _named(files, "cluster", chosen.get("cluster", ""))
    folder, user = _named(files, "user", chosen.get("user", ""))
    plugin = user.get("exec")
    if plugin and os.sep in (plugin.get("command") or ""):
        user["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": chosen.get("cluster"), "cluster": _absolute(cluster, near)}],
        "users": [{"name": chosen.get("user"), "user": _absolute(user, folder)}],
        "contexts": [{"name": name, "context": chosen}],
        "current-context": name,
        "preferences": {},
    }


def is_plain(path: Path | Sequence[Path], context: str) -> bool:
    """Whether one file means the context that is asked for, whoever reads it.

    Raises:
        OSError: A file cannot be read.
        ValueError: It is no kubeconfig.
    """
    paths = [path] if isinstance(path, Path) else list(path)
    return len(paths) == 1 and context in {"", _load(paths[0])[1].get("current-context")}


def _absolute(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    names = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
    return {key: str(folder / value) if key in names and value else value for key, value in entry.items()}


_File = tuple[Path, dict[str, Any]]
"""A kubeconfig's content, and the folder that its relative paths start from."""


def _load(path: Path) -> _File:
    from kubelite.apimachinery import codec  # noqa: PLC0415 - who writes kubeconfigs needs no YAML

    content = codec.parse_yaml(path.read_bytes()).value
    if not isinstance(content, dict):
        raise ValueError(f"{path} is no kubeconfig")  # noqa: TRY004 - the file's content, not an argument's type
    return path.resolve().parent, content


def _named(files: Sequence[_File], kind: str, name: str) -> _File:
    known = []
    for folder, content in files:
        for each in content.get(f"{kind}s") or ():
            if each.get("name") == name:
                return folder, dict(each.get(kind) or {})
            known.append(str(each.get("name")))
    there = f"; there are {', '.join(known)}" if known else ""
    raise ValueError(f"the kubeconfig has no {kind} named {name!r}{there}")


def _data(entry: dict[str, Any], name: str, folder: Path) -> bytes:
    """What stands in the entry itself, or in the file that it names."""
    if entry.get(f"{name}-data"):
        return base64.b64decode(entry[f"{name}-data"])
    return (folder / entry[name]).read_bytes() if entry.get(name) else b""
