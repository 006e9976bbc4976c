"""How clients over HTTP come in: the API server's REST door, its sockets, and kubeconfigs."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from kubelite.client.kubeconfig import Connection, Credentials, make_kubeconfig, write_kubeconfig
from kubelite.client.requests import ADMIN
from kubelite.cluster.access import FabricDialer
from kubelite.cluster.components import API_PORT, Components
from kubelite.cluster.scratch import ScratchFolder
from kubelite.master.rest.limits import RESTLimits
from kubelite.master.rest.server import RESTServer
from kubelite.network.tls import serve_tls

if TYPE_CHECKING:
    from kubelite.master.audit import AuditLog
    from kubelite.master.auth.certificates import ClusterCertificates
    from kubelite.network import AddressBlock
    from kubelite.runtime import System

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - it is compared


def make_certificates(host: str, block: AddressBlock) -> ClusterCertificates:
    """An authority, and certificates for the API server and its administrator."""
    from kubelite.master.auth.certificates import make_cluster_certificates  # noqa: PLC0415 - cryptography is heavy

    return make_cluster_certificates([host, block.master, str(block.services[1])])


class FrontDoor:
    """See the module's docstring; `open` it, and `close` it before the components.

    Args:
        components: Of the cluster.
        certificates: None for plain HTTP.
        system: In which the API server runs.
        audit: Is told of each request.
        kubeconfig: Where it is written; None makes a temporary file when it is asked for.

    Attributes:
        url: The API server's; empty while it is not open.
        dialer: To kubelets, through the network of the cluster.
    """

    def __init__(
        self,
        components: Components,
        certificates: ClusterCertificates | None,
        system: System,
        audit: AuditLog,
        kubeconfig: Path | None,
    ) -> None:
        config = components.config
        self._components, self._certificates = components, certificates
        self._token = certificates.token if certificates else _new_token()
        self._scheme = "https" if certificates else "http"
        self._folder: ScratchFolder | None = None
        self._tls: ssl.SSLContext | None = None
        self._outside: tuple[str, Path] | None = None
        self._asked_for = kubeconfig
        self._writing = threading.Lock()
        self._written: Path | None = None
        self.url = ""
        self.dialer = FabricDialer(components.network)
        self._rest = RESTServer(
            apiserver=system.ref("apiserver"),
            scheme=components.scheme,
            clock=components.clock,
            random=components.random.fork("rest"),
            authenticator=components.authenticator,
            dialer=self.dialer,
            limits=RESTLimits(
                reads_max=config.max_requests_inflight,
                writes_max=config.max_mutating_requests_inflight,
                request_timeout_s=config.request_timeout_s,
            ),
            audit=audit,
            faults=components.faults,
        )

    def __repr__(self) -> str:
        return f"<FrontDoor {self.url or 'closed'}>"

    async def open(self) -> None:
        """Listens, and writes the kubeconfig if it was said where.

        Raises:
            OSError: The address cannot be had.
        """
        components, certificates = self._components, self._certificates
        components.authenticator.add_token(self._token, ADMIN)
        if certificates is not None:
            from kubelite.master.auth.certificates import server_context  # noqa: PLC0415 - as above

            self._tls = server_context(certificates)
        factory = self._rest.protocol_factory()
        inside = serve_tls(factory, self._tls) if self._tls is not None else factory
        components.fabric.listen(components.block.master, API_PORT, inside)
        if components.virtual:
            self.url = f"{self._scheme}://{components.block.master}:{API_PORT}"
        else:
            self.url = await self._open_socket()
        if self._asked_for is not None:
            self.kubeconfig  # noqa: B018 - writes it

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig that leads there; a temporary file is written when somebody asks for it.

        So most clusters write none, and a process that is killed leaves none. Any thread may ask.
        """
        with self._writing:
            if self._written is None:
                self._written = self._asked_for or self._scratch("kubeconfig")
                self._write(self._written)
            return self._written

    def _write(self, path: Path) -> None:
        components, certificates = self._components, self._certificates
        credentials = Credentials(
            self._token,
            certificates.admin.certificate_pem if certificates else b"",
            certificates.admin.key_pem if certificates else b"",
        )
        connection = Connection(self.url, components.root_ca.encode(), credentials)
        write_kubeconfig(path, make_kubeconfig(components.config.name, connection))

    def _scratch(self, name: str) -> Path:
        if self._folder is None:
            self._folder = ScratchFolder()
        return self._folder.path / name

    async def _open_socket(self) -> str:
        """Listens for clients outside; gives the URL."""
        config = self._components.config
        port = await self._rest.serve_socket(config.host, config.port, self._tls)
        host = f"[{config.host}]" if ":" in config.host else config.host
        return f"{self._scheme}://{'127.0.0.1' if host == ANY_ADDRESS else host}:{port}"

    async def open_outside(self) -> tuple[str, Path]:
        """See `Cluster.open_outside`."""
        if not self._components.virtual:
            return self.url, self.kubeconfig
        if self._outside is None:
            url = await self._open_socket()
            path = self._scratch("kubeconfig-outside")
            text = self.kubeconfig.read_text(encoding="utf-8").replace(self.url, url)
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            self._outside = url, path
        return self._outside

    def shut(self) -> None:
        """Says that it is closing: there is no URL any more."""
        self.url = ""

    async def close(self) -> None:
        """Ends requests and watches in good order."""
        self.shut()
        await self._rest.close()

    async def clear(self) -> None:
        """Leaves nothing behind, once the components have ended."""
        await self.dialer.close()
        if self._folder is not None:
            self._folder.close()
            self._folder = None


def _new_token() -> str:
    import secrets  # noqa: PLC0415 - only plain HTTP needs it here

    return secrets.token_urlsafe(32)
