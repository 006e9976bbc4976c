"""aiohttp clients inside of the cluster's network.

The hook is `BaseConnector._create_connection`, which aiohttp's own connectors override too; tests guard it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from abc import abstractmethod
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest

from kubelite.network.namespaces import NetworkNamespace


class RoutedConnector(aiohttp.BaseConnector):
    """Makes connections by ways of its own; what fails is told in aiohttp's own errors.

    Args:
        ssl_context: For `https` URLs where the request brings none.
    """

    allowed_protocol_schema_set = frozenset({"", "http", "https", "ws", "wss"})

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None, limit: int = 0) -> None:
        super().__init__(limit=limit)
        self._ssl_context = ssl_context

    async def _create_connection(self, req: ClientRequest, traces: Any, timeout: Any) -> ResponseHandler:  # noqa: ASYNC109
        host, port = req.url.raw_host or "", req.port or (443 if req.is_ssl() else 80)
        try:
            async with asyncio.timeout(timeout.sock_connect or timeout.connect):
                return await self._connect(req, host.strip("[]"), port)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {req.url}") from error
        except socket.gaierror as error:
            raise aiohttp.ClientConnectorDNSError(req.connection_key, error) from error
        except ssl.SSLCertVerificationError as error:
            raise aiohttp.ClientConnectorCertificateError(req.connection_key, error) from error
        except ssl.SSLError as error:
            raise aiohttp.ClientConnectorSSLError(req.connection_key, error) from error
        except OSError as error:
            raise aiohttp.ClientConnectorError(req.connection_key, error) from error

    @abstractmethod
    async def _connect(self, req: ClientRequest, host: str, port: int) -> ResponseHandler:
        """Makes one connection.

        Raises:
            OSError: It cannot be made.
        """

    def _context(self, req: ClientRequest) -> ssl.SSLContext:
        chosen = req.ssl
        if isinstance(chosen, ssl.SSLContext):
            return chosen
        if chosen is False:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        return self._ssl_context or ssl.create_default_context()


class FabricConnector(RoutedConnector):
    """Makes connections from one namespace, by names as its resolver knows them.

    Args:
        namespace: Whose network.
        ssl_context: For `https` URLs where the request brings none.
    """

    def __init__(
        self, namespace: NetworkNamespace, *, ssl_context: ssl.SSLContext | None = None, limit: int = 0
    ) -> None:
        super().__init__(ssl_context=ssl_context, limit=limit)
        self._namespace = namespace

    async def _connect(self, req: ClientRequest, host: str, port: int) -> ResponseHandler:
        transport, protocol = await self._namespace.connect(host, port, self._factory)
        if req.is_ssl():
            loop = asyncio.get_running_loop()
            context = self._context(req)
            upgraded = await loop.start_tls(
                transport, protocol, context, server_hostname=req.server_hostname or host
            )
            assert upgraded is not None
            protocol.connection_made(upgraded)
        return protocol


def client_session(namespace: NetworkNamespace, **options: Any) -> aiohttp.ClientSession:
    """A client session in a namespace's network; `options` are those of `aiohttp.ClientSession`."""
    return aiohttp.ClientSession(connector=FabricConnector(namespace), **options)
