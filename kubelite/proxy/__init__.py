"""kube-proxy: turns Services and EndpointSlices into translation rules; pumps no bytes."""

from kubelite.proxy.endpoints import EndpointReader
from kubelite.proxy.loadbalancer import LoadBalancerProvider
from kubelite.proxy.proxier import Proxier

__all__ = ["EndpointReader", "LoadBalancerProvider", "Proxier"]
