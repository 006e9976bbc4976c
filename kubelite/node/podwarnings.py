"""What a kubelet warns of before it prepares a pod, though the pod may run all the same.

Source: pkg/kubelet/kubelet_pods.go (getPullSecretsForPod), pkg/kubelet/network/dns/dns.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kubelite.apimachinery.scheme import Object
from kubelite.node.environment import Lookup
from kubelite.node.etcfiles import DNSSettings, dns_settings, wanted_dns_settings

_NO_SECRETS: Final = (
    "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed."
)
_SEARCH: Final = (
    "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {}"
)
_NAMESERVERS: Final = (
    "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {}"
)


def warnings(pod: Object, lookup: Lookup, nameserver: str, domain: str) -> Iterator[tuple[str, str]]:
    """The reasons and messages of Events.

    Args:
        pod: The pod.
        lookup: Finds Secrets.
        nameserver: Address of the cluster's DNS Service; "" while there is none.
        domain: The cluster's domain.
    """
    namespace = pod["metadata"]["namespace"]
    names = [each["name"] for each in pod["spec"].get("imagePullSecrets") or () if each.get("name")]
    missing = [name for name in names if lookup.secret(namespace, name) is None]
    if missing:
        yield "FailedToRetrieveImagePullSecret", _NO_SECRETS.format(", ".join(missing))
    if pod["spec"].get("dnsConfig"):
        wanted = wanted_dns_settings(pod, nameserver, domain)
        for text in _cuts(wanted, dns_settings(pod, nameserver, domain)):
            yield "DNSConfigForming", text


def _cuts(wanted: DNSSettings, given: DNSSettings) -> Iterator[str]:
    """What of the settings is left out."""
    if given.nameservers != wanted.nameservers:
        yield _NAMESERVERS.format(" ".join(given.nameservers))
    if given.search != wanted.search:
        yield _SEARCH.format(" ".join(given.search))
