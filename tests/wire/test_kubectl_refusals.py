"""What kubectl is told when it asks for what cannot be; nothing is half made."""

from __future__ import annotations

import subprocess

import pytest

from tests.wire.kubectl import LABELS, as_text, controller, service

pytestmark = pytest.mark.kubectls(2)
CONTAINERS = [{"name": "a", "image": "b"}]


def line(*parts):
    """One line of words."""
    return " ".join(parts)


LABEL_VALUE = line(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must",
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used",
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
)
DNS_LABEL = line(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start",
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is",
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
)


def made(kind, name="backend", *, api_version="v1", **rest):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **rest}


def pod(**metadata):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": CONTAINERS}}


REFUSED = {
    "unknown kind": (
        made("Nope"),
        'no matches for kind "Nope" in version "v1"\nensure CRDs are installed first',
    ),
    "unknown group": (
        made("Pod", api_version="nope/v1"),
        'no matches for kind "Pod" in version "nope/v1"\nensure CRDs are installed first',
    ),
    "no template": (
        made("ReplicationController", spec={"selector": LABELS}),
        'The ReplicationController "backend" is invalid: spec.template: Required value',
    ),
    "no containers": (
        made("Pod", spec={}),
        'The Pod "backend" is invalid: spec.containers: Required value',
    ),
    "no name": (
        pod(),
        'The Pod "" is invalid: metadata.name: Required value: name or generateName is required',
    ),
    "mistyped field": (
        controller("two"),
        line(
            'Error from server (BadRequest): error when creating "STDIN": ReplicationController in version',
            '"v1" cannot be handled as a ReplicationController: json: cannot unmarshal string into Go struct',
            "field ReplicationControllerSpec.spec.replicas of type int32",
        ),
    ),
    "misspelt fields": (
        made("Pod", spec={"containers": [{"name": "a", "imag": "b"}], "restart": "Never"}),
        line(
            'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" cannot be',
            'handled as a Pod: strict decoding error: unknown field "spec.containers[0].imag",',
            'unknown field "spec.restart"',
        ),
    ),
    "bad label": (
        pod(name="a", labels={"tier": "back end"}),
        f'The Pod "a" is invalid: metadata.labels: Invalid value: "back end": {LABEL_VALUE}',
    ),
    "bad name": (
        {**service(), "metadata": {"name": "Backend_1"}},
        f'The Service "Backend_1" is invalid: metadata.name: Invalid value: "Backend_1": {DNS_LABEL}',
    ),
    "selector beside the template": (
        controller(selector={"app": "other"}),
        line(
            'The ReplicationController "backend" is invalid: spec.template.metadata.labels: Invalid value:',
            '{"app":"myapp","tier":"backend"}: `selector` does not match template `labels`',
        ),
    ),
    "negative replicas": (
        controller(-1),
        line(
            'The ReplicationController "backend" is invalid: spec.replicas: Invalid value: -1:',
            "must be greater than or equal to 0",
        ),
    ),
    "wrong port": (
        service(port=70000, targetPort=80),
        line(
            'The Service "backend-service" is invalid: spec.ports[0].port: Invalid value: 70000:',
            "must be between 1 and 65535, inclusive",
        ),
    ),
    "wrong port name": (
        service(targetPort="Not a port"),
        line(
            'The Service "backend-service" is invalid: spec.ports[0].targetPort: Invalid value: "Not a',
            'port": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        ),
    ),
    "two ports of one name": (
        {**service(), "spec": {"ports": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]}},
        'The Service "backend-service" is invalid: spec.ports[1].name: Duplicate value: "a"',
    ),
    "malformed YAML": (
        "kind: [Service\nmetadata: {}\n",
        "error: error parsing STDIN: error converting YAML to JSON",
    ),
    "malformed JSON": ('{"kind": "Service", ', "error: error parsing STDIN: "),
}


@pytest.mark.parametrize(("manifest", "complaint"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_manifests(story, manifest, complaint):
    before = story("get", "rc,svc,pods", "-o", "name")
    assert complaint in story.fails("create", "-f", "-", stdin=manifest)
    assert story("get", "rc,svc,pods", "-o", "name") == before


def test_several_causes_at_once(story):
    answer = story.fails("create", "-f", "-", stdin=service(port=0, protocol="ICMP", targetPort=0))
    lines = answer.splitlines()
    assert lines[0] == 'The Service "backend-service" is invalid: '
    assert [line.partition(": ")[0] for line in lines[1:]] == [
        "* spec.ports[0].port",
        "* spec.ports[0].protocol",
        "* spec.ports[0].targetPort",
    ]


def test_names_that_are_taken_or_nowhere(story):
    assert story.fails("create", "-f", "-", stdin=service()) == line(
        'Error from server (AlreadyExists): error when creating "STDIN":',
        'services "backend-service" already exists',
    )
    assert 'configmaps "kube-root-ca.crt" already exists' in story.fails("create", "cm", "kube-root-ca.crt")
    assert story.fails("get", "pod", "nope") == 'Error from server (NotFound): pods "nope" not found'
    assert 'replicationcontrollers "nope" not found' in story.fails("delete", "rc", "nope")
    assert story.fails("get", "nope") == 'error: the server doesn\'t have a resource type "nope"'
    elsewhere = story.fails("create", "-f", "-", "-n", "nowhere", stdin=service())
    assert elsewhere.endswith('error when creating "STDIN": namespaces "nowhere" not found')
    assert 'pods "nope" not found' in story.fails("logs", "nope")


def test_a_stale_update(kubectl, tmp_path):
    kubectl("create", "configmap", "settings", "--from-literal=colour=green")
    stale = tmp_path / "stale.json"
    stale.write_text(kubectl("get", "cm", "settings", "-o", "json").replace("green", "red"))
    kubectl("label", "cm", "settings", "a=b")
    assert kubectl.fails("replace", "-f", str(stale)) == line(
        f'Error from server (Conflict): error when replacing "{stale}": Operation cannot be fulfilled on',
        'configmaps "settings": the object has been modified; please apply your changes to the latest',
        "version and try again",
    )
    assert kubectl.json("get", "cm", "settings")["data"] == {"colour": "green"}


def test_changes_that_are_not_allowed(story):
    assert "spec.clusterIPs[0]: Invalid value" in story.fails(
        "patch",
        "svc",
        "backend-service",
        "--type=merge",
        "-p",
        '{"spec": {"clusterIP": "127.0.0.9", "clusterIPs": null}}',
    )
    name = story("get", "pods", "-o", "jsonpath={.items[0].metadata.name}")
    assert "pod updates may not change fields other than" in story.fails(
        "patch", "pod", name, "-p", '{"spec": {"hostname": "other"}}'
    )
    assert "Invalid value" in story.fails(
        "patch", "rc", "backend", "-p", '{"metadata": {"labels": {"a b": "c"}}}'
    )


@pytest.mark.parametrize(
    ("kind", "patch", "complaint"),
    [
        ("json", '[{"op": "remove", "path": "/spec/nope"}]', "The request is invalid"),
        ("json", '[{"op": "test", "path": "/spec/replicas", "value": 9}]', "The request is invalid"),
        ("merge", '{"spec": {"replicas": "two"}}', "cannot unmarshal string into Go struct field"),
        (
            "strategic",
            '{"spec": {"selector": {"app": "other"}}}',
            "`selector` does not match template `labels`",
        ),
        (
            "strategic",
            "{bad",
            "(BadRequest): invalid character 'b' looking for beginning of object key string",
        ),
    ],
)
def test_bad_patches(story, kind, patch, complaint):
    assert complaint in story.fails("patch", "rc", "backend", f"--type={kind}", "-p", patch)


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("--selector=a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("--selector=a in b", "unable to parse requirement"),
        ("--field-selector=spec.nope=1", "field label not supported: spec.nope"),
    ],
)
def test_bad_selectors(story, option, complaint):
    assert complaint in story.fails("get", "pods", option)


def test_a_wrong_token(story, cluster):
    options = ("--kubeconfig=/dev/null", f"--server={cluster.url}", "--insecure-skip-tls-verify")
    answer = story.fails(*options, "--token=wrong", "get", "pods")
    assert "error: You must be logged in to the server" in answer  # the rest depends on what is cached


def test_a_certificate_that_is_not_trusted(story, cluster):
    answer = story.fails("--kubeconfig=/dev/null", f"--server={cluster.url}", "--token=wrong", "get", "pods")
    assert "certificate" in answer


def test_others_may_do_nothing(story):
    assert story.fails("get", "pods", "--as=bob") == line(
        'Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API',
        f'group "" in the namespace "{story.namespace}"',
    )
    assert 'User "system:anonymous" cannot get path "/metrics"' in story.fails(
        "get", "--raw", "/metrics", "--as=system:anonymous"
    )


def test_a_server_that_is_not_there(story):
    done = subprocess.run(
        [story.binary, "--server=https://127.0.0.1:1", "--token=x", "--kubeconfig=/dev/null", "get", "pods"],
        env=story.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        input=as_text({}),
    )
    assert "was refused" in done.stderr
