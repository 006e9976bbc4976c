"""The wires: addresses, who listens where, in-memory pipes, real sockets, destination translation."""

from kubelite.network.addresses import AddressBlock, AddressPool, AddressPoolExhausted
from kubelite.network.connector import FabricConnector, client_session
from kubelite.network.datagrams import open_datagrams
from kubelite.network.fabric import Fabric, Listener
from kubelite.network.namespaces import NetworkNamespace, Resolver, current_namespace
from kubelite.network.relay import OpenRelay
from kubelite.network.sockets import OpenListener
from kubelite.network.translate import Dropped, Endpoint, Picker, Rules, Translator

__all__ = [
    "AddressBlock",
    "AddressPool",
    "AddressPoolExhausted",
    "Dropped",
    "Endpoint",
    "Fabric",
    "FabricConnector",
    "Listener",
    "NetworkNamespace",
    "OpenListener",
    "OpenRelay",
    "Picker",
    "Resolver",
    "Rules",
    "Translator",
    "client_session",
    "current_namespace",
    "open_datagrams",
]
