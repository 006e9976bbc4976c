"""What the API server sets in objects of the smaller groups, their other versions, and what it warns of."""

from hypothesis import given
from hypothesis import strategies as st

from kubelite.api import resources as r
from kubelite.api.conversion.events import from_core, to_core
from kubelite.api.defaults import apply_defaults
from kubelite.api.registry import rules_of
from kubelite.api.strategy import prepare_for_create, prepare_for_status_update, prepare_for_update
from kubelite.api.warnings import warnings_on_create, warnings_on_update


def stored(resource, **parts):
    metadata = {"name": "x", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **parts}
    return prepare_for_create(resource, apply_defaults(resource, obj))


def updated(resource, old, **parts):
    return prepare_for_update(resource, apply_defaults(resource, {**old, **parts}), old)


def test_changes_of_a_network_policy_are_counted():
    old = stored(r.NETWORKPOLICIES, spec={"podSelector": {}})
    assert old["metadata"]["generation"] == 1
    new = updated(r.NETWORKPOLICIES, old, spec={"podSelector": {"matchLabels": {"a": "b"}}})
    assert new["metadata"]["generation"] == 2


def test_a_csi_driver_has_no_generation_until_it_changes():
    old = stored(r.CSIDRIVERS, spec={})
    assert "generation" not in old["metadata"]
    new = updated(r.CSIDRIVERS, old, spec={**old["spec"], "requiresRepublish": True})
    assert new["metadata"]["generation"] == 1


def test_a_priority_class_keeps_its_generation():
    old = stored(r.PRIORITYCLASSES, value=1)
    assert updated(r.PRIORITYCLASSES, old, description="d")["metadata"]["generation"] == 1


def test_an_attachment_begins_detached_and_uncounted():
    spec = {"attacher": "a.io", "nodeName": "n", "source": {"persistentVolumeName": "v"}}
    made = stored(r.VOLUMEATTACHMENTS, spec=spec, status={"attached": True})
    assert made["status"] == {"attached": False}
    assert "generation" not in made["metadata"]


def test_a_status_update_of_a_flow_schema_changes_no_metadata():
    old = stored(r.FLOWSCHEMAS, spec={"priorityLevelConfiguration": {"name": "l"}})
    changed = {**old, "metadata": {**old["metadata"], "labels": {"a": "b"}}, "status": {"conditions": []}}
    new = prepare_for_status_update(r.FLOWSCHEMAS, changed, old)
    assert "labels" not in new["metadata"]


def test_what_the_server_serves_is_available():
    spec = {"group": "a.io", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1}
    (condition,) = stored(r.APISERVICES, spec=spec)["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("True", "Local")
    other = stored(r.APISERVICES, spec={**spec, "service": {"namespace": "ns", "name": "s"}})
    assert other["status"] == {}
    assert other["spec"]["service"]["port"] == 443


def test_of_the_secrets_of_an_account_the_names_are_kept():
    made = stored(r.SERVICEACCOUNTS, secrets=[{"name": "s", "namespace": "other"}])
    assert made["secrets"] == [{"name": "s"}]


def test_roles_may_be_made_by_put_and_webhooks_need_a_version():
    assert rules_of(r.CLUSTERROLES).creates_on_update
    assert not rules_of(r.MUTATINGWEBHOOKCONFIGURATIONS).unconditional_update
    assert rules_of(r.STORAGECLASSES).returns_deleted
    assert not rules_of(r.CSISTORAGECAPACITIES).returns_deleted


def test_devices_are_asked_for_one_by_one():
    request = {"name": "a", "firstAvailable": [{"name": "b", "deviceClassName": "c", "tolerations": [{}]}]}
    made = stored(r.RESOURCECLAIMTEMPLATES, spec={"spec": {"devices": {"requests": [request]}}})
    (alternative,) = made["spec"]["spec"]["devices"]["requests"][0]["firstAvailable"]
    assert (alternative["allocationMode"], alternative["count"]) == ("ExactCount", 1)
    assert alternative["tolerations"] == [{"operator": "Equal"}]


texts = st.text(min_size=1, max_size=5)


@given(
    st.fixed_dictionaries(
        {"metadata": st.fixed_dictionaries({"name": texts})},
        optional={
            "involvedObject": st.fixed_dictionaries({"kind": texts}),
            "reason": texts,
            "message": texts,
            "source": st.fixed_dictionaries({"component": texts}),
            "count": st.integers(1, 9),
            "type": texts,
            "action": texts,
            "reportingComponent": texts,
            "reportingInstance": texts,
        },
    )
)
def test_an_event_comes_back_from_the_other_group(event):
    core = apply_defaults(r.EVENTS, {"kind": "Event", "apiVersion": "v1", **event})
    other = from_core(core)
    assert other["apiVersion"] == "events.k8s.io/v1"
    assert apply_defaults(r.EVENTS_V1, other) == other
    assert to_core(other) == core
    assert to_core(core) is core


def test_the_old_way_to_name_a_class_is_warned_of():
    metadata = {"name": "x", "annotations": {"kubernetes.io/ingress.class": "a"}}
    (warning,) = warnings_on_create(r.INGRESSES, {"metadata": metadata, "spec": {}})
    assert warning.endswith("is deprecated, please use 'spec.ingressClassName' instead")
    assert warnings_on_create(r.INGRESSES, {"metadata": metadata, "spec": {"ingressClassName": "a"}}) == ()


def test_odd_networks_and_old_labels_are_warned_of():
    block = {"ipBlock": {"cidr": "2001:DB8::/32"}}
    policy = {"metadata": {"name": "x"}, "spec": {"egress": [{"to": [block]}]}}
    (warning,) = warnings_on_update(r.NETWORKPOLICIES, policy, policy)
    assert warning.startswith("spec.egress[0].to[0].ipBlock.cidr: IPv6 CIDR value")
    expression = {"key": "failure-domain.beta.kubernetes.io/zone", "values": ["a"]}
    topologies = [{"matchLabelExpressions": [expression]}]
    assert warnings_on_create(r.STORAGECLASSES, {"allowedTopologies": topologies}) == (
        (
            "allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use "
            '"topology.kubernetes.io/zone" instead'
        ),
    )
    scheduling = {"nodeSelector": {"beta.kubernetes.io/os": "linux"}}
    assert len(warnings_on_create(r.RUNTIMECLASSES, {"scheduling": scheduling})) == 1


def test_a_secret_without_a_certificate_is_warned_of():
    secret = {"type": "kubernetes.io/tls", "data": {"tls.crt": "eA==", "tls.key": "eA=="}}
    assert warnings_on_create(r.SECRETS, secret) == ("tls: failed to find any PEM data in certificate input",)


def test_an_account_that_begins_to_restrict_secrets_is_warned_of():
    old = {"metadata": {"name": "x"}}
    new = {"metadata": {"name": "x", "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}}
    (warning,) = warnings_on_update(r.SERVICEACCOUNTS, new, old)
    assert "deprecated in v1.32+" in warning
    assert warnings_on_update(r.SERVICEACCOUNTS, new, new) == ()


def test_fields_of_nodes_that_nobody_reads_are_warned_of():
    spec = {"externalID": "e", "configSource": {}}
    assert len(warnings_on_create(r.NODES, {"spec": spec})) == 2


def test_a_lease_has_nothing_of_coordinated_elections():
    spec = {"holderIdentity": "a", "strategy": "OldestEmulationVersion", "preferredHolder": "b"}
    lease = {"metadata": {"name": "l", "namespace": "ns"}, "spec": spec}
    made = prepare_for_create(r.LEASES, lease)
    assert made["spec"] == {"holderIdentity": "a"}
    assert prepare_for_update(r.LEASES, lease, made)["spec"] == {"holderIdentity": "a"}
    assert prepare_for_update(r.LEASES, lease, lease)["spec"] == spec
