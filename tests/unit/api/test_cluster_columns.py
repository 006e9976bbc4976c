"""What `kubectl get` shows of networking, storage, admission, flow control and devices."""

from kubelite.api import fresh
from kubelite.api import resources as r
from kubelite.api.columns import columns_for


def cells(resource, **parts):
    obj = {"metadata": {"name": "x", **parts.pop("metadata", {})}, **parts}
    return {column.name: column.cell(obj, 0.0) for column in columns_for(resource)}


def test_an_ingress_shows_three_hosts():
    rules = [{"host": f"{letter}.example.com"} for letter in "abcd"]
    balancer = {"ingress": [{"hostname": "lb"}, {"ip": "192.0.2.1"}]}
    spec = {"rules": rules, "tls": [{}], "ingressClassName": "nginx"}
    row = cells(r.INGRESSES, spec=spec, status={"loadBalancer": balancer})
    assert row["Hosts"] == "a.example.com,b.example.com,c.example.com + 1 more..."
    assert (row["Class"], row["Address"], row["Ports"]) == ("nginx", "192.0.2.1,lb", "80, 443")
    assert cells(r.INGRESSES, spec={"defaultBackend": {}})["Hosts"] == "*"


def test_parameters_of_an_ingress_class():
    parameters = {"kind": "K", "name": "n", "apiGroup": "a.io"}
    assert cells(r.INGRESSCLASSES, spec={"parameters": parameters})["Parameters"] == "K.a.io/n"


def test_a_network_policy_shows_its_selector():
    selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]}
    assert cells(r.NETWORKPOLICIES, spec={"podSelector": selector})["Pod-Selector"] == "a=b,c"
    assert cells(r.NETWORKPOLICIES, spec={"podSelector": {}})["Pod-Selector"] == "<none>"


def test_an_address_shows_whose_it_is():
    service = {"metadata": {"name": "s", "namespace": "ns"}}
    address = fresh.ip_address("10.0.0.1", service)
    assert cells(r.IPADDRESSES, spec=address["spec"])["ParentRef"] == "services/ns/s"
    assert (
        cells(r.SERVICECIDRS, spec={"cidrs": ["10.0.0.0/8", "fd00::/64"]})["CIDRs"] == "10.0.0.0/8,fd00::/64"
    )


def test_a_binding_shows_its_subjects():
    subjects = [
        {"kind": "User", "name": "u"},
        {"kind": "User", "name": "v"},
        {"kind": "ServiceAccount", "name": "s", "namespace": "ns"},
    ]
    row = cells(r.ROLEBINDINGS, roleRef={"kind": "Role", "name": "r"}, subjects=subjects)
    assert (row["Role"], row["Users"], row["Groups"], row["ServiceAccounts"]) == (
        "Role/r",
        "u, v",
        "",
        "ns/s",
    )


def test_the_default_storage_class_is_marked():
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    row = cells(r.STORAGECLASSES, metadata={"annotations": annotations}, provisioner="a.io")
    assert row["Name"] == "x (default)"
    assert row["AllowVolumeExpansion"] is False


def test_a_binding_of_a_policy_shows_its_parameters():
    def shown(reference):
        return cells(r.VALIDATINGADMISSIONPOLICYBINDINGS, spec={"paramRef": reference})["ParamRef"]

    assert shown({"name": "p"}) == "*/p"
    assert shown({"name": "p", "namespace": "ns"}) == "ns/p"
    assert shown({"selector": {"matchLabels": {"a": "b"}}}) == (
        "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}"
    )
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    assert cells(r.MUTATINGADMISSIONPOLICIES, spec={"paramKind": kind})["ParamKind"] == "v1/ConfigMap"


def test_a_level_without_queues():
    spec = {"type": "Exempt", "exempt": {}}
    row = cells(r.PRIORITYLEVELCONFIGURATIONS, spec=spec)
    assert [row[name] for name in ("NominalConcurrencyShares", "Queues", "HandSize")] == ["<none>"] * 3
    assert cells(r.FLOWSCHEMAS, spec={})["MissingPL"] == "?"


def test_a_claim_shows_its_state():
    allocated = {"allocation": {}, "reservedFor": [{}]}
    assert cells(r.RESOURCECLAIMS)["State"] == "pending"
    assert cells(r.RESOURCECLAIMS, status=allocated)["State"] == "allocated,reserved"
    deleted = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert (
        cells(r.RESOURCECLAIMS, metadata=deleted, status=allocated)["State"] == "deleted,allocated,reserved"
    )


def test_an_api_service_shows_who_serves_it():
    target = {"service": {"namespace": "ns", "name": "s"}}
    condition = {"type": "Available", "status": "False", "reason": "MissingEndpoints"}
    row = cells(r.APISERVICES, spec=target, status={"conditions": [condition]})
    assert (row["Service"], row["Available"]) == ("ns/s", "False (MissingEndpoints)")
    assert cells(r.APISERVICES, spec={})["Service"] == "Local"


def test_a_component_shows_its_health():
    conditions = [{"type": "Healthy", "status": "False", "error": "gone"}]
    row = cells(r.COMPONENTSTATUSES, conditions=conditions)
    assert (row["Status"], row["Message"], row["Error"]) == ("Unhealthy", "", "gone")
