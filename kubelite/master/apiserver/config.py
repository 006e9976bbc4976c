"""What an API server is told when it is made: ranges, periods and bounds, with their units."""

from __future__ import annotations

from typing import Final

import attrs

from kubelite.runtime import Shown

NODE_PORT_FIRST: Final = 30000
NODE_PORT_LAST: Final = 32767


@attrs.frozen(kw_only=True, eq=False, repr=False)
class APIServerConfig(Shown):
    """Configuration of the API server.

    Attributes:
        service_network: Where cluster addresses of Services are taken from, as CIDR; its first address is
            the `kubernetes` Service's.
        advertise_address: Where the API server itself is reached: the endpoint of the `kubernetes` Service.
        advertise_port: The port there.
        client_ca: The certificate (PEM) by which clients' certificates are judged; empty with plain HTTP.
        compaction_interval_s: Every so many seconds, what is older than the interval before is forgotten.
        bookmark_interval_s: Seconds between bookmarks.
        event_ttl_s: Seconds after its last write that an Event is kept.
        reconcile_interval_s: Seconds between looks at the `kubernetes` Service and at Events too old.
        repair_interval_s: Seconds between looks at IPAddress objects, if somebody wrote or deleted any.
        settle_after_s: Seconds after a write that the statuses of flow schemas and policies follow it.
        future_revision_wait_s: Seconds that a read waits for a resourceVersion of the future.
        bookmark_before_end_s: Seconds before a watch's end at which a last bookmark is sent.
        watch_waiting_max: Events that may wait for a slow watcher; one further behind is ended.
        generate_name_tries_max: How often a generated name is tried anew if it is taken.
        storage_class: Whether a fresh cluster has the default class `standard`.
        disrupted_pods_max: Evictions of one PodDisruptionBudget that may be under way.
    """

    service_network: str = "10.96.0.0/16"
    node_port_first: int = NODE_PORT_FIRST
    node_port_last: int = NODE_PORT_LAST
    advertise_address: str = "10.0.0.1"
    advertise_port: int = 6443
    client_ca: str = ""
    compaction_interval_s: float = 300.0
    bookmark_interval_s: float = 60.0
    event_ttl_s: float = 3600.0
    reconcile_interval_s: float = 10.0
    repair_interval_s: float = 180.0
    settle_after_s: float = 0.05
    future_revision_wait_s: float = 3.0
    bookmark_before_end_s: float = 2.0
    watch_waiting_max: int = 50_000
    generate_name_tries_max: int = 8
    storage_class: bool = False
    disrupted_pods_max: int = 2000
