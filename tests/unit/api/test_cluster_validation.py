# ruff: noqa: E501 - what Kubernetes says stands here as it says it
"""What the API server refuses of networking, storage, roles, admission, flow control, devices and events."""

import pytest

from kubelite.api import fresh
from kubelite.api import resources as r
from kubelite.api.defaults import apply_defaults
from kubelite.api.strategy import prepare_for_create, prepare_for_update
from kubelite.api.validation import validate_create, validate_status_update, validate_update


def made(resource, name="x", **parts):
    metadata = {"name": name, "uid": "u", "resourceVersion": "1", **parts.pop("metadata", {})}
    if resource.namespaced:
        metadata["namespace"] = "ns"
    obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **parts}
    return prepare_for_create(resource, apply_defaults(resource, obj))


def refusals(resource, name="x", **parts):
    return [str(error) for error in validate_create(resource, made(resource, name, **parts))]


def changes(resource, before, **parts):
    old = made(resource, **before)
    new = prepare_for_update(resource, apply_defaults(resource, {**old, **parts}), old)
    return [str(error) for error in validate_update(resource, new, old)]


BACKEND = {"service": {"name": "s", "port": {"number": 80}}}


def ingress(**path):
    rule = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND, **path}]}}
    return {"rules": [rule]}


PATH = "spec.rules[0].http.paths[0]"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]),
        (
            {"defaultBackend": {}},
            ['spec.defaultBackend: Invalid value: "": resource or service backend is required'],
        ),
        (ingress(path="a"), [f'{PATH}.path: Invalid value: "a": must be an absolute path']),
        (
            ingress(path="/a//b/.."),
            [
                f"{PATH}.path: Invalid value: \"/a//b/..\": must not contain '//'",
                f"{PATH}.path: Invalid value: \"/a//b/..\": cannot end with '/..'",
            ],
        ),
        (
            ingress(pathType="Regex"),
            [
                (
                    f'{PATH}.pathType: Unsupported value: "Regex": supported values: "Exact", '
                    '"ImplementationSpecific", "Prefix"'
                )
            ],
        ),
        (ingress(pathType=None), [f"{PATH}.pathType: Required value: pathType must be specified"]),
        (
            ingress(backend={"service": {"name": "s"}}),
            [f"{PATH}.backend: Required value: port name or number is required"],
        ),
        (
            {"rules": [{"host": "1.2.3.4", "http": {}}]},
            [
                'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
                "spec.rules[0].http.paths: Required value",
            ],
        ),
        ({"defaultBackend": BACKEND, "tls": [{"hosts": ["*.example.com"], "secretName": "s"}]}, []),
    ],
)
def test_an_ingress_needs_backends_and_sensible_paths(spec, expected):
    assert refusals(r.INGRESSES, spec=spec) == expected


def test_the_class_of_an_ingress_is_named_once():
    metadata = {"annotations": {"kubernetes.io/ingress.class": "a"}}
    spec = {**ingress(), "ingressClassName": "b"}
    assert refusals(r.INGRESSES, metadata=metadata, spec=spec) == [
        (
            'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both '
            "are specified"
        )
    ]


def test_the_status_of_an_ingress_has_addresses_and_names():
    old = made(r.INGRESSES, spec=ingress())
    entries = [{"ip": "010.0.0.1"}, {"hostname": "10.0.0.1"}]
    new = {**old, "status": {"loadBalancer": {"ingress": entries}}}
    path = "status.loadBalancer.ingress"
    assert [str(error) for error in validate_status_update(r.INGRESSES, new, old)] == [
        f'{path}[0].ip: Invalid value: "010.0.0.1": must not have leading 0s',
        f'{path}[1].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    ]
    assert validate_status_update(r.INGRESSES, new, new)[0].field == f"{path}[1].hostname"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ["spec.controller: Required value"]),
        (
            {"controller": "nginx"},
            [
                'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")'
            ],
        ),
        (
            {"controller": "a.io/b", "parameters": {"kind": "K", "name": "n", "scope": "Namespace"}},
            ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
        ),
        (
            {"controller": "a.io/b", "parameters": {"kind": "K", "name": "n", "namespace": "x"}},
            ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
        ),
    ],
)
def test_an_ingress_class_names_its_controller(spec, expected):
    assert refusals(r.INGRESSCLASSES, spec=spec) == expected


def test_the_controller_of_an_ingress_class_stays():
    spec = {"controller": "a.io/b"}
    assert changes(r.INGRESSCLASSES, {"spec": spec}, spec={"controller": "a.io/c"}) == [
        'spec.controller: Invalid value: "a.io/c": field is immutable'
    ]


def policy(**rule):
    return {"podSelector": {}, "ingress": [rule]}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"from": [{}]}, ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
        (
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}}]},
            [
                (
                    'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict '
                    "subset of `cidr`"
                )
            ],
        ),
        (
            {"from": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]},
            [
                (
                    'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set '
                    "beyond the prefix length"
                )
            ],
        ),
        (
            {"from": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]},
            ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"],
        ),
        (
            {"ports": [{"port": 80, "endPort": 79}]},
            ["spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`"],
        ),
        (
            {"ports": [{"port": "web", "endPort": 90}]},
            [
                (
                    "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is "
                    "non-numeric"
                )
            ],
        ),
        (
            {"ports": [{"protocol": "ICMP"}]},
            [
                (
                    'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", '
                    '"SCTP"'
                )
            ],
        ),
    ],
)
def test_a_network_policy_has_ports_and_peers(rule, expected):
    assert refusals(r.NETWORKPOLICIES, spec=policy(**rule)) == expected


def test_a_cidr_that_a_policy_had_may_stay():
    old = made(r.NETWORKPOLICIES, spec=policy(**{"from": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]}))
    assert validate_update(r.NETWORKPOLICIES, old, old) == []


def test_a_service_cidr_has_one_range_of_each_family():
    assert refusals(r.SERVICECIDRS, spec={"cidrs": ["10.0.0.0/8", "fd00::/64"]}) == []
    assert refusals(r.SERVICECIDRS, spec={}) == ["spec.cidrs: Required value: at least one CIDR required"]
    assert refusals(r.SERVICECIDRS, spec={"cidrs": ["10.0.0.0/8", "10.1.0.0/16"]}) == [
        (
            'spec.cidrs: Invalid value: ["10.0.0.0/8","10.1.0.0/16"]: may specify no more than one IP for each IP '
            "family, i.e 192.168.0.0/24 and 2001:db8::/64"
        )
    ]
    before = {"spec": {"cidrs": ["10.0.0.0/8"]}}
    assert changes(r.SERVICECIDRS, before, spec={"cidrs": ["10.0.0.0/8", "fd00::/64"]}) == []
    assert changes(r.SERVICECIDRS, before, spec={"cidrs": ["11.0.0.0/8"]}) == [
        'spec.cidrs[0]: Invalid value: "11.0.0.0/8": field is immutable'
    ]


def test_the_name_of_an_ip_address_is_the_address():
    parent = {"resource": "services", "name": "s", "namespace": "ns"}
    assert refusals(r.IPADDRESSES, "10.0.0.1", spec={"parentRef": parent}) == []
    assert refusals(r.IPADDRESSES, "2001:DB8::1", spec={"parentRef": parent}) == [
        'metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")'
    ]
    assert refusals(r.IPADDRESSES, "10.0.0.1", spec={}) == ["spec.parentRef: Required value"]


def test_rules_are_about_resources_or_about_paths():
    rules = [{"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["pods"]}, {"verbs": []}]
    assert refusals(r.ROLES, rules=rules) == [
        'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
        (
            'rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and '
            "non-resource URLs"
        ),
        "rules[1].verbs: Required value: verbs must contain at least one value",
        "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[1].resources: Required value: resource rules must supply at least one resource",
    ]
    assert refusals(r.CLUSTERROLES, aggregationRule={}) == [
        (
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if "
            "aggregationRule is non-nil"
        )
    ]


def test_a_binding_names_a_role_and_subjects():
    subjects = [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s"}, {"kind": "Robot"}]
    role = {"kind": "Role", "name": "r"}
    assert refusals(r.CLUSTERROLEBINDINGS, roleRef=role, subjects=subjects) == [
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
        "subjects[1].namespace: Required value",
        "subjects[2].name: Required value",
        'subjects[2].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
    ]
    assert changes(r.ROLEBINDINGS, {"roleRef": role}, roleRef={"kind": "Role", "name": "q"}) == [
        (
            'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"q"}: cannot '
            "change roleRef"
        )
    ]


def test_a_storage_class_is_for_ever():
    assert refusals(r.STORAGECLASSES, reclaimPolicy="Recycle", volumeBindingMode="Late") == [
        "provisioner: Required value",
        'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
        'volumeBindingMode: Unsupported value: "Late": supported values: "Immediate", "WaitForFirstConsumer"',
    ]
    changed = {"provisioner": "b.io/c", "parameters": {"a": "b"}, "volumeBindingMode": "WaitForFirstConsumer"}
    assert changes(r.STORAGECLASSES, {"provisioner": "a.io/b"}, **changed) == [
        "parameters: Forbidden: updates to parameters are forbidden.",
        "provisioner: Forbidden: updates to provisioner are forbidden.",
        'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ]


def test_an_attachment_says_what_where_and_by_whom():
    assert refusals(r.VOLUMEATTACHMENTS, spec={"nodeName": "n", "source": {}}) == [
        "spec.attacher: Required value",
        "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
        "spec.attacher: Required value",
    ]
    spec = {"attacher": "a.io", "nodeName": "n", "source": {"persistentVolumeName": "v"}}
    assert changes(r.VOLUMEATTACHMENTS, {"spec": spec}, spec={**spec, "nodeName": "m"}) == [
        (
            'spec: Invalid value: {"Attacher":"a.io","Source":{"PersistentVolumeName":"v","InlineVolumeSpec":null},'
            '"NodeName":"m"}: field is immutable'
        )
    ]


def test_what_a_csi_driver_is_asked():
    spec = {
        "fsGroupPolicy": "Never",
        "tokenRequests": [{"audience": "a", "expirationSeconds": 5}, {"audience": "a"}],
    }
    assert refusals(r.CSIDRIVERS, spec=spec) == [
        (
            'spec.fsGroupPolicy: Unsupported value: "Never": supported values: "File", "None", '
            '"ReadWriteOnceWithFSType"'
        ),
        (
            "spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 "
            "minutes"
        ),
        'spec.tokenRequests[1].audience: Duplicate value: "a"',
    ]
    assert changes(r.CSIDRIVERS, {"spec": {}}, spec={"attachRequired": False}) == [
        "spec.attachedRequired: Invalid value: false: field is immutable"
    ]


def test_drivers_on_a_node_have_ids_and_stay():
    drivers = [{"name": "a.io", "nodeID": "n"}]
    assert refusals(r.CSINODES, spec={"drivers": [*drivers, {"name": "a.io", "nodeID": ""}]}) == [
        "spec.drivers[1].nodeID: Required value",
        'spec.drivers[1].name: Duplicate value: "a.io"',
    ]
    changed = {"drivers": [{"name": "a.io", "nodeID": "m"}]}
    (error,) = changes(r.CSINODES, {"spec": {"drivers": drivers}}, spec=changed)
    assert error.startswith("spec.drivers: Invalid value: {")
    assert error.endswith("field is immutable")
    counted = {"drivers": [{"name": "a.io", "nodeID": "n", "allocatable": {"count": 3}}]}
    assert changes(r.CSINODES, {"spec": {"drivers": drivers}}, spec=counted) == []


def test_attributes_of_volumes_need_parameters():
    assert refusals(r.VOLUMEATTRIBUTESCLASSES, driverName="a.io") == [
        "parameters: Required value: must contain at least one key/value pair"
    ]


def test_room_for_storage_is_not_negative():
    assert refusals(r.CSISTORAGECAPACITIES, storageClassName="c", capacity="-1Gi") == [
        'capacity: Invalid value: "-1Gi": must be greater than or equal to 0'
    ]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "a",
            1_000_000_001,
            ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
        ),
        (
            "system-x",
            1,
            [
                (
                    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system "
                    "use only. error: system-x is not a known system priority class"
                )
            ],
        ),
        (
            "system-node-critical",
            1,
            [
                (
                    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system "
                    "use only. error: value of system-node-critical PriorityClass must be 2000001000"
                )
            ],
        ),
    ],
)
def test_high_priorities_are_the_systems(name, value, expected):
    assert refusals(r.PRIORITYCLASSES, name, value=value) == expected


def test_the_value_of_a_priority_class_stays():
    assert changes(r.PRIORITYCLASSES, {"value": 1}, value=2, preemptionPolicy="Never") == [
        "value: Forbidden: may not be changed in an update.",
        'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]


def test_the_handler_of_a_runtime_class_is_a_label():
    (error,) = refusals(r.RUNTIMECLASSES, handler="Run")
    assert error.startswith('handler: Invalid value: "Run": a lowercase RFC 1123 label')
    assert changes(r.RUNTIMECLASSES, {"handler": "a"}, handler="b") == [
        'handler: Invalid value: "b": field is immutable'
    ]


def flow_schema(**rule):
    return {"priorityLevelConfiguration": {"name": "l"}, "rules": [rule]}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"matchingPrecedence": 20000},
            [
                "spec.matchingPrecedence: Invalid value: 20000: must not be greater than 10000",
                "spec.priorityLevelConfiguration.name: Required value: must reference a priority level",
            ],
        ),
        (
            flow_schema(subjects=[{"kind": "User", "group": {"name": "g"}}]),
            [
                "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
                "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
                (
                    "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be "
                    "non-empty"
                ),
            ],
        ),
        (
            flow_schema(
                subjects=[{"kind": "User", "user": {"name": "u"}}],
                nonResourceRules=[{"verbs": ["*", "get"], "nonResourceURLs": ["x", "/a//b", "/a*"]}],
            ),
            [
                (
                    'spec.rules[0].nonResourceRules[0].verbs: Invalid value: ["*","get"]: if \'*\' is present, must '
                    "not specify other verbs"
                ),
                'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "x": must start with slash',
                (
                    'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a//b": must not contain '
                    "double slash"
                ),
                (
                    'spec.rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a*": wildcard can only '
                    "do suffix matching"
                ),
            ],
        ),
    ],
)
def test_a_flow_schema_tells_whose_requests_it_means(spec, expected):
    assert refusals(r.FLOWSCHEMAS, spec=spec) == expected


def test_hands_fit_their_deck():
    def level(**queuing):
        limited = {"limitResponse": {"type": "Queue", "queuing": queuing}}
        return {"type": "Limited", "limited": limited}

    path = "spec.limited.limitResponse.queuing.handSize"
    assert refusals(r.PRIORITYLEVELCONFIGURATIONS, spec=level(queues=4, handSize=5)) == [
        f"{path}: Invalid value: 5: should not be greater than queues (4)"
    ]
    assert refusals(r.PRIORITYLEVELCONFIGURATIONS, spec=level(queues=1024, handSize=7)) == [
        (
            f"{path}: Invalid value: 7: required entropy bits of deckSize 1024 and handSize 7 should not be greater "
            "than 60"
        )
    ]
    assert refusals(r.PRIORITYLEVELCONFIGURATIONS, spec={"type": "Exempt", "exempt": {}}) == [
        "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'"
    ]


def hook(**parts):
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    return {
        "name": "a.example.com",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": "https://a.example.com/x"},
        "rules": [rule],
        **parts,
    }


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, []),
        (
            {"clientConfig": {}},
            ["webhooks[0].clientConfig: Required value: exactly one of url or service is required"],
        ),
        (
            {"clientConfig": {"url": "https://u:p@h/x?y#z"}},
            [
                'webhooks[0].clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL',
                'webhooks[0].clientConfig.url: Invalid value: "z": fragments are not permitted in the URL',
                'webhooks[0].clientConfig.url: Invalid value: "y": query parameters are not permitted in the URL',
            ],
        ),
        (
            {"clientConfig": {"service": {"name": "s", "namespace": "", "path": "/a//b"}}},
            [
                "webhooks[0].clientConfig.service.namespace: Required value: service namespace is required",
                'webhooks[0].clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty',
            ],
        ),
        (
            {"timeoutSeconds": 31},
            [
                (
                    "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 "
                    "seconds"
                )
            ],
        ),
        (
            {"admissionReviewVersions": ["v2"]},
            [
                (
                    'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, '
                    "v1beta1"
                )
            ],
        ),
        (
            {"sideEffects": "Some"},
            ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
        ),
        (
            {
                "rules": [
                    {
                        "apiGroups": ["*", "a"],
                        "apiVersions": ["v1"],
                        "operations": ["*"],
                        "resources": ["*", "a"],
                    }
                ]
            },
            [
                (
                    'webhooks[0].rules[0].apiGroups: Invalid value: ["*","a"]: if \'*\' is present, must not '
                    "specify other API groups"
                ),
                (
                    'webhooks[0].rules[0].resources: Invalid value: ["*","a"]: if \'*\' is present, must not '
                    "specify other resources without subresources"
                ),
            ],
        ),
        (
            {"matchConditions": [{"name": "a", "expression": " "}, {"name": "a", "expression": "true"}]},
            [
                "webhooks[0].matchConditions[0].expression: Required value",
                'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
            ],
        ),
    ],
)
def test_a_webhook_is_reachable_and_says_what_it_wants(parts, expected):
    assert refusals(r.VALIDATINGWEBHOOKCONFIGURATIONS, webhooks=[hook(**parts)]) == expected


def test_names_of_webhooks_are_different():
    assert refusals(r.MUTATINGWEBHOOKCONFIGURATIONS, webhooks=[hook(), hook()]) == [
        'webhooks[1].name: Duplicate value: "a.example.com"'
    ]


def test_what_an_old_configuration_lacked_is_not_asked_of_it_later():
    old = made(r.VALIDATINGWEBHOOKCONFIGURATIONS, webhooks=[hook(sideEffects="Some")])
    assert validate_update(r.VALIDATINGWEBHOOKCONFIGURATIONS, old, old) == []


def test_a_policy_matches_something_and_says_something():
    assert refusals(r.VALIDATINGADMISSIONPOLICIES, spec={}) == [
        "spec.matchConstraints: Required value",
        "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
        "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
    ]
    match = {"resourceRules": hook()["rules"]}
    spec = {
        "matchConstraints": match,
        "paramKind": {"apiVersion": "a/b/c"},
        "variables": [{"name": "in", "expression": "1"}],
        "validations": [{"expression": "true", "reason": "Why", "message": "a\nb"}],
    }
    assert refusals(r.VALIDATINGADMISSIONPOLICIES, spec=spec) == [
        'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        "spec.paramKind.kind: Required value",
        'spec.variables[0].name: Invalid value: "in": name is not a valid CEL identifier',
        'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
        (
            'spec.validations[0].reason: Unsupported value: "Why": supported values: "Forbidden", "Invalid", '
            '"RequestEntityTooLarge"'
        ),
    ]


def test_a_mutating_policy_changes_something_but_no_deletion():
    rule = {**hook()["rules"][0], "operations": ["DELETE"]}
    mutation = {"patchType": "JSONPatch", "applyConfiguration": {"expression": "x"}}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "mutations": [mutation]}
    assert refusals(r.MUTATINGADMISSIONPOLICIES, spec=spec) == [
        (
            'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", '
            '"CONNECT", "CREATE", "UPDATE"'
        ),
        "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
        (
            'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified '
            "when patchType is JSONPatch"
        ),
        "spec.reinvocationPolicy: Required value",
    ]


def test_a_binding_of_a_policy_acts():
    spec = {"policyName": "p", "validationActions": ["Deny", "Warn"], "paramRef": {}}
    assert refusals(r.VALIDATINGADMISSIONPOLICYBINDINGS, spec=spec) == [
        "spec.paramRef: Required value: one of name or selector must be specified",
        "spec.paramRef.parameterNotFoundAction: Required value",
        (
            'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating '
            "the same validation failure information in the API response and headers serves no purpose)"
        ),
    ]


def claim(*requests, **devices):
    return {"devices": {"requests": list(requests), **devices}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (claim({"name": "a", "exactly": {"deviceClassName": "c"}}), []),
        (
            claim({"name": "a"}),
            [
                (
                    "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is "
                    "required"
                )
            ],
        ),
        (
            claim({"name": "a", "exactly": {"allocationMode": "Some"}}),
            [
                "spec.devices.requests[0].exactly.deviceClassName: Required value",
                (
                    'spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: '
                    '"All", "ExactCount"'
                ),
            ],
        ),
        (
            claim(
                {"name": "a", "firstAvailable": [{"name": "b", "deviceClassName": "c"}]},
                constraints=[{"requests": ["a/b", "a/c"], "matchAttribute": "x"}],
            ),
            [
                (
                    'spec.devices.constraints[0].requests[1]: Invalid value: "a/c": must be the name of a request '
                    "in the claim or the name of a request and a subrequest separated by '/'"
                ),
                (
                    'spec.devices.constraints[0].matchAttribute: Invalid value: "x": a fully qualified name must be '
                    "a domain and a name separated by a slash"
                ),
            ],
        ),
        (
            claim(config=[{"opaque": {"driver": "d.io", "parameters": [1]}}]),
            [
                (
                    'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid '
                    "JSON object"
                )
            ],
        ),
    ],
)
def test_a_claim_asks_for_devices(spec, expected):
    assert refusals(r.RESOURCECLAIMS, spec=spec) == expected


def test_the_spec_of_a_claim_stays():
    spec = claim({"name": "a", "exactly": {"deviceClassName": "c"}})
    (error,) = changes(r.RESOURCECLAIMS, {"spec": spec}, spec=claim())
    assert error.endswith("field is immutable")


def test_an_extended_resource_has_a_domain_of_its_own():
    assert refusals(r.DEVICECLASSES, spec={"extendedResourceName": "a.io/gpu"}) == []
    for name in ("gpu", "kubernetes.io/gpu", "requests.a.io/gpu"):
        assert refusals(r.DEVICECLASSES, spec={"extendedResourceName": name}) == [
            f'spec.extendedResourceName: Invalid value: "{name}": must be a valid extended resource name'
        ]


POOL = {"name": "p", "resourceSliceCount": 1}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"driver": "d.io", "pool": POOL, "nodeName": "n"}, []),
        (
            {"driver": "d.io", "pool": {"name": "p"}},
            [
                "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
                (
                    "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, "
                    "`perDeviceNodeSelection` is required"
                ),
            ],
        ),
        (
            {"driver": "d.io", "pool": POOL, "nodeName": "n", "allNodes": True},
            [
                (
                    'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, '
                    "`allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set"
                )
            ],
        ),
        (
            {
                "driver": "d.io",
                "pool": POOL,
                "allNodes": True,
                "devices": [
                    {"name": "a", "attributes": {"v": {"version": "1.2"}, "w": {}}},
                    {"name": "a", "capacity": {"m": {"value": "1", "requestPolicy": {}}}},
                ],
            },
            [
                (
                    'spec.devices[0].attributes[v].version: Invalid value: "1.2": must be a string compatible with '
                    "semver.org spec 2.0.0"
                ),
                'spec.devices[0].attributes[w]: Invalid value: "": exactly one value must be specified',
                "spec.devices[1].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true",
                'spec.devices[1]: Duplicate value: "a"',
            ],
        ),
    ],
)
def test_a_slice_has_devices_in_one_place(spec, expected):
    assert refusals(r.RESOURCESLICES, spec=spec) == expected


def test_parts_of_a_capacity_are_steps_from_its_minimum():
    def device(**policy):
        capacity = {"m": {"value": "10", "requestPolicy": policy}}
        return {"name": "a", "allowMultipleAllocations": True, "capacity": capacity}

    def problems(**policy):
        spec = {"driver": "d.io", "pool": POOL, "allNodes": True, "devices": [device(**policy)]}
        return refusals(r.RESOURCESLICES, spec=spec)

    path = "spec.devices[0].capacity[m].requestPolicy"
    assert problems(default="4", validRange={"min": "2", "max": "8", "step": "2"}) == []
    assert problems(default="3", validRange={"min": "2", "max": "12", "step": "2"}) == [
        f'{path}.validRange.max: Invalid value: "12": max is larger than capacity value: 10',
        f'{path}.validRange.step: Invalid value: "3": value is not a multiple of a given step (2) from (2)',
    ]
    assert problems(validValues=["1"]) == [
        f"{path}.default: Required value: required when validValues is defined"
    ]
    assert problems(default="2", validValues=["3", "1"]) == [
        f'{path}.validValues[1]: Invalid value: "1": values must be sorted in ascending order',
        f'{path}.validValues: Invalid value: "2": default value is not valid according to the requestPolicy',
    ]


EVENT = {
    "eventTime": "2024-01-02T03:04:05.000000Z",
    "regarding": {"kind": "Pod", "name": "p", "namespace": "ns"},
    "reportingController": "a.io/b",
    "reportingInstance": "b-1",
    "action": "Doing",
    "reason": "Because",
    "type": "Normal",
}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, []),
        ({"action": ""}, ["action: Required value"]),
        ({"type": "Odd"}, ['type: Invalid value: "": has invalid value: Odd']),
        ({"note": "x" * 1025}, ['message: Invalid value: "": can have at most 1024 characters']),
        ({"series": {"count": 1}}, ["series.count", "series.lastObservedTime"]),
        ({"deprecatedCount": 2}, ['count: Invalid value: "": needs to be unset']),
        ({"eventTime": None}, ["eventTime: Required value"]),
    ],
)
def test_events_of_the_new_group_are_complete(parts, expected):
    found = refusals(r.EVENTS_V1, **{**EVENT, **parts})
    assert len(found) == len(expected)
    assert all(error.startswith(start) for error, start in zip(found, expected, strict=True))


def test_only_the_series_of_an_event_changes():
    assert changes(r.EVENTS_V1, EVENT, note="other") == [
        'message: Invalid value: "other": field is immutable'
    ]
    series = {"count": 2, "lastObservedTime": "2024-01-02T03:04:05.000000Z"}
    assert changes(r.EVENTS_V1, EVENT, series=series) == []


def test_an_api_service_is_named_after_its_version_and_group():
    spec = {"group": "a.io", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 2000}
    assert refusals(r.APISERVICES, "v1.a.com", spec=spec) == [
        'metadata.name: Invalid value: "v1.a.com": must be `spec.version+"."+spec.group`: "v1.a.io"',
        "spec.versionPriority: Invalid value: 2000: must be positive and less than 1000",
    ]
    spec = {"version": "v2", "groupPriorityMinimum": 1, "versionPriority": 1, "insecureSkipTLSVerify": True}
    assert refusals(r.APISERVICES, "v2.", spec=spec) == [
        "spec.group: Required value: only v1 may have an empty group and it better be legacy kube",
        "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify",
    ]


def test_what_must_not_change_is_shown_as_it_is_inside():
    level = next(
        dict(obj)
        for resource, obj in fresh.objects()
        if obj["metadata"]["name"] == "catch-all" and "limited" in obj["spec"]
    )
    spec = {**level["spec"], "limited": {**level["spec"]["limited"], "nominalConcurrencyShares": 9}}
    assert changes(
        r.PRIORITYLEVELCONFIGURATIONS, {"name": "catch-all", "spec": level["spec"]}, spec=spec
    ) == [
        'spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":9,"LimitResponse":{"Type":"Reject","Queuing":null},"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}: spec of \'catch-all\' must equal the fixed value'
    ]
    before = {"spec": {"spec": claim({"name": "a", "exactly": {"deviceClassName": "c"}})}}
    (error,) = changes(r.RESOURCECLAIMTEMPLATES, before, spec={"spec": claim()})
    assert error == (
        'spec: Invalid value: {"Spec":{"Devices":{"Requests":null,"Constraints":null,"Config":null}}}: field is immutable'
    )


def test_an_allocation_stays():
    old = made(r.RESOURCECLAIMS, spec={"devices": {}})
    old = {**old, "status": {"allocation": {"devices": {}}}}
    assert not validate_status_update(r.RESOURCECLAIMS, old, old)
    new = {**old, "status": {"allocation": {"devices": {}, "allocationTimestamp": "2026-01-01T00:00:00Z"}}}
    (error,) = validate_status_update(r.RESOURCECLAIMS, new, old)
    assert str(error).startswith(
        'status.allocation: Invalid value: {"Devices":{"Results":null,"Config":null}'
    )
