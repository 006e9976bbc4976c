"""The files in `/etc` that the kubelet manages: hosts, resolv.conf, hostname. Pure.

Source: pkg/kubelet/kubelet_pods.go (managedHostsFileContent), pkg/kubelet/network/dns/dns.go.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kubelite.apimachinery.scheme import Object

HOSTNAME_MAX: Final = 63
SEARCH_MAX: Final = 32
SEARCH_CHARS_MAX: Final = 2048
NAMESERVERS_MAX: Final = 3


class DNSSettings(NamedTuple):
    """How a pod looks names up."""

    nameservers: tuple[str, ...]
    search: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def ndots(self) -> int:
        """Names with fewer dots go through the search path first; 1 unless an option says another number."""
        texts = (each.removeprefix("ndots:") for each in self.options if each.startswith("ndots:"))
        return next((int(text) for text in texts if text.isdigit()), 1)


def hostname_of(pod: Object) -> str:
    """The host name of a pod: its own name cut to 63 characters, unless the spec says another."""
    spec = pod["spec"]
    override: str | None = spec.get("hostnameOverride")
    if override:
        return override
    name: str = spec.get("hostname") or pod["metadata"]["name"]
    return name[:HOSTNAME_MAX].rstrip("-.")


def kernel_hostname(pod: Object, domain: str, node_name: str) -> str:
    """What `hostname` says: the host name, with its domain if wanted; the node's name in its network."""
    if pod["spec"].get("hostNetwork"):
        return node_name
    name, suffix = hostname_of(pod), domain_of(pod, domain)
    return f"{name}.{suffix}" if suffix and pod["spec"].get("setHostnameAsFQDN") else name


def domain_of(pod: Object, domain: str) -> str:
    """What makes the host name fully qualified: SUBDOMAIN.NAMESPACE.svc.DOMAIN, "" without a subdomain."""
    subdomain = None if pod["spec"].get("hostnameOverride") else pod["spec"].get("subdomain")
    return f"{subdomain}.{pod['metadata']['namespace']}.svc.{domain}" if subdomain else ""


def hosts_file(pod: Object, address: str, domain: str) -> str:
    """The content of `/etc/hosts`."""
    lines = [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "fe00::0\tip6-mcastprefix",
        "fe00::1\tip6-allnodes",
        "fe00::2\tip6-allrouters",
    ]
    name, suffix = hostname_of(pod), domain_of(pod, domain)
    lines.append(f"{address}\t{name}.{suffix}\t{name}" if suffix else f"{address}\t{name}")
    return "\n".join((*lines, *_aliases(pod))) + "\n"


def host_network_hosts_file(pod: Object, of_node: str) -> str:
    """The content of `/etc/hosts` in a pod with its node's network: the node's, and the pod's aliases."""
    header = "# Kubernetes-managed hosts file (host network).\n"
    return header + of_node + "".join(f"{line}\n" for line in _aliases(pod))


def _aliases(pod: Object) -> list[str]:
    aliases = pod["spec"].get("hostAliases") or ()
    lines = ["\t".join((alias["ip"], *(alias.get("hostnames") or ()))) for alias in aliases]
    return ["", "# Entries added by HostAliases.", *lines] if lines else []


def node_hosts_file(name: str, address: str) -> str:
    """The content of a node's own `/etc/hosts`."""
    return f"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n{address}\t{name}\n"


def dns_settings(pod: Object, nameserver: str, domain: str) -> DNSSettings:
    """Where and with which search path the pod looks names up, within the limits of name resolution.

    Args:
        pod: The pod.
        nameserver: Address of the cluster's DNS Service; "" while there is none.
        domain: The cluster's domain.
    """
    wanted = wanted_dns_settings(pod, nameserver, domain)
    search = wanted.search[:SEARCH_MAX]
    while len(" ".join(search)) > SEARCH_CHARS_MAX:
        search = search[:-1]
    return DNSSettings(wanted.nameservers[:NAMESERVERS_MAX], search, wanted.options)


def wanted_dns_settings(pod: Object, nameserver: str, domain: str) -> DNSSettings:
    """The same without limits."""
    spec = pod["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    cluster = policy == "ClusterFirstWithHostNet" or (
        policy == "ClusterFirst" and not spec.get("hostNetwork")
    )
    nameservers: list[str] = [nameserver] if nameserver and policy != "None" else []
    namespace = pod["metadata"]["namespace"]
    search = [f"{namespace}.svc.{domain}", f"svc.{domain}", domain] if cluster else []
    options = {"ndots": "5"} if cluster else {}
    config = spec.get("dnsConfig") or {}
    nameservers.extend(config.get("nameservers") or ())
    search.extend(config.get("searches") or ())
    options.update({option["name"]: option.get("value") or "" for option in config.get("options") or ()})
    return DNSSettings(
        nameservers=tuple(dict.fromkeys(nameservers)),
        search=tuple(dict.fromkeys(search)),
        options=tuple(f"{name}:{value}" if value else name for name, value in options.items()),
    )


def resolv_conf(settings: DNSSettings) -> str:
    """The content of `/etc/resolv.conf`."""
    lines = []
    if settings.search:
        lines.append(f"search {' '.join(settings.search)}")
    lines.extend(f"nameserver {server}" for server in settings.nameservers)
    if settings.options:
        lines.append(f"options {' '.join(settings.options)}")
    return "\n".join(lines) + "\n"
