"""kubectl's generators: what they make is sent as protobuf since 1.32, and must come to the same as JSON."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
import trustme
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

pytestmark = pytest.mark.kubectls(2)


def spec_of(kubectl, kind, name):
    return kubectl.json("get", kind, name)["spec"]


def test_workloads(kubectl):
    kubectl("create", "deployment", "web", "--image=nginx", "--image=busybox", "--replicas=0")
    spec = spec_of(kubectl, "deploy", "web")
    assert [part["name"] for part in spec["template"]["spec"]["containers"]] == ["nginx", "busybox"]
    assert spec["selector"] == {"matchLabels": {"app": "web"}}
    assert spec["replicas"] == 0  # a zero that was sent
    kubectl("create", "job", "once", "--image=busybox", "--", "echo", "hello")
    (container,) = spec_of(kubectl, "job", "once")["template"]["spec"]["containers"]
    assert container["command"] == ["echo", "hello"]
    kubectl("create", "cronjob", "often", "--image=busybox", "--schedule=*/5 * * * *", "--", "date")
    assert spec_of(kubectl, "cj", "often")["schedule"] == "*/5 * * * *"
    kubectl("create", "job", "now", "--from=cronjob/often")
    owner = kubectl.json("get", "job", "now")["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"]) == ("CronJob", "often")
    kubectl("autoscale", "deployment", "web", "--min=1", "--max=3", "--cpu-percent=50")
    scaler = spec_of(kubectl, "hpa", "web")
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (1, 3)
    assert scaler["metrics"][0]["resource"]["target"] == {"averageUtilization": 50, "type": "Utilization"}


def test_services_and_routes(kubectl):
    kubectl("create", "service", "clusterip", "none", "--clusterip=None")
    kubectl("create", "service", "nodeport", "node", "--tcp=80:8080", "--node-port=30999")
    kubectl("create", "service", "loadbalancer", "balanced", "--tcp=80:8080")
    kubectl("create", "service", "externalname", "far", "--external-name=example.com")
    services = {item["metadata"]["name"]: item["spec"] for item in kubectl.json("get", "svc")["items"]}
    assert services["none"]["clusterIP"] == "None"
    assert services["node"]["ports"][0]["nodePort"] == 30999
    assert services["balanced"]["type"] == "LoadBalancer"
    assert (services["far"]["type"], services["far"]["externalName"]) == ("ExternalName", "example.com")
    kubectl("create", "ingress", "front", "--class=any", "--rule=example.com/shop*=node:80,tls=cert")
    ingress = spec_of(kubectl, "ing", "front")
    (path,) = ingress["rules"][0]["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/shop", "Prefix")
    assert path["backend"] == {"service": {"name": "node", "port": {"number": 80}}}
    assert ingress["tls"] == [{"hosts": ["example.com"], "secretName": "cert"}]
    kubectl("delete", "svc", "node")


def test_access(kubectl):
    name = f"{kubectl.namespace}-reader"
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods,deployments.apps/scale")
    rules = kubectl.json("get", "role", "reader")["rules"]
    assert rules == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "list"]},
    ]
    kubectl("create", "rolebinding", "reads", "--role=reader", "--user=bob", "--serviceaccount=default:robot")
    subjects = kubectl.json("get", "rolebinding", "reads")["subjects"]
    assert [(subject["kind"], subject["name"]) for subject in subjects] == [
        ("User", "bob"), ("ServiceAccount", "robot"),
    ]  # fmt: skip
    kubectl("create", "clusterrole", name, "--verb=get", "--non-resource-url=/metrics")
    assert kubectl.json("get", "clusterrole", name)["rules"] == [
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
    ]
    kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", "--group=watchers")
    assert kubectl.json("get", "clusterrolebinding", name)["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name,
    }  # fmt: skip
    kubectl("delete", "clusterrole,clusterrolebinding", name)


def test_limits_and_priorities(kubectl):
    name = f"{kubectl.namespace}-high"
    kubectl(
        "create", "priorityclass", name, "--value=1000", "--description=first", "--preemption-policy=Never"
    )
    made = kubectl.json("get", "pc", name)
    assert (made["value"], made["description"], made["preemptionPolicy"]) == (1000, "first", "Never")
    kubectl("create", "quota", "few", "--hard=pods=2,requests.cpu=500m,services=1")
    assert spec_of(kubectl, "quota", "few")["hard"] == {"pods": "2", "requests.cpu": "500m", "services": "1"}
    kubectl("delete", "pc", name)


def test_secrets(kubectl, tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("example.com")
    (tmp_path / "tls.crt").write_bytes(issued.cert_chain_pems[0].bytes())
    (tmp_path / "tls.key").write_bytes(issued.private_key_pem.bytes())
    pair = (f"--cert={tmp_path / 'tls.crt'}", f"--key={tmp_path / 'tls.key'}")
    kubectl("create", "secret", "tls", "cert", *pair)
    secret = kubectl.json("get", "secret", "cert")
    assert (secret["type"], sorted(secret["data"])) == ("kubernetes.io/tls", ["tls.crt", "tls.key"])
    login = ("--docker-server=example.com", "--docker-username=me", "--docker-password=word")
    kubectl("create", "secret", "docker-registry", "registry", *login)
    encoded = kubectl(
        "get", "secret", "registry", "-o", r'go-template={{index .data ".dockerconfigjson" | base64decode}}'
    )
    assert json.loads(encoded)["auths"]["example.com"]["username"] == "me"
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    kubectl("create", "configmap", "files", f"--from-file=data={tmp_path / 'binary'}", "--from-literal=a=b")
    files = kubectl.json("get", "cm", "files")
    assert (files["data"], len(files["binaryData"]["data"])) == ({"a": "b"}, 344)


def test_a_generated_object_on_paper(kubectl):
    """A dry run of the client never asks the server; one of the server goes all the way but for the end."""
    text = kubectl("create", "configmap", "paper", "--from-literal=a=b", "--dry-run=client", "-o", "yaml")
    assert yaml.safe_load(text)["data"] == {"a": "b"}
    made = kubectl.json("create", "configmap", "paper", "--from-literal=a=b", "--dry-run=server")
    assert made["metadata"]["uid"]
    kubectl("create", "-f", "-", stdin=text)
    assert "already exists" in kubectl.fails("create", "configmap", "paper", "--dry-run=server")


def test_tokens(kubectl):
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot", "--duration=10m", "--audience=shop").strip()
    assert token.count(".") == 2
    answer = kubectl.json("create", "token", "robot", "--duration=1h")
    assert answer["kind"] == "TokenRequest"
    assert answer["spec"]["expirationSeconds"] == 3600
    left = dt.datetime.fromisoformat(answer["status"]["expirationTimestamp"])
    assert left > dt.datetime.now(tz=dt.UTC) + dt.timedelta(minutes=59)
    assert "not found" in kubectl.fails("create", "token", "nobody")


def test_who_may_do_what(kubectl):
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    listed = kubectl("auth", "can-i", "--list")
    assert listed.splitlines()[0].split() == [
        "Resources",
        "Non-Resource",
        "URLs",
        "Resource",
        "Names",
        "Verbs",
    ]
    done = kubectl.run("auth", "can-i", "delete", "nodes", "--as=bob")
    assert (done.returncode, done.stdout.splitlines()[-1].split()[0]) == (1, "no")
    if kubectl.version < (1, 28):  # which asks for versions that are gone
        assert "selfsubjectreviews API is not enabled" in kubectl.fails("auth", "whoami")
    else:
        who = kubectl.json("auth", "whoami")
        assert (who["kind"], who["status"]["userInfo"]["username"]) == ("SelfSubjectReview", "admin")
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "made", "namespace": kubectl.namespace},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    }
    assert "reconciled" in kubectl("auth", "reconcile", "-f", "-", stdin=role)
    role["rules"][0]["verbs"] = ["list"]
    kubectl("auth", "reconcile", "-f", "-", stdin=role)  # which adds, and takes nothing away
    verbs = [verb for rule in kubectl.json("get", "role", "made")["rules"] for verb in rule["verbs"]]
    assert verbs == ["get", "list"]


def test_certificates_are_approved_and_denied(kubectl):
    """A request made by hand, signed by the cluster once it is approved."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bob")])
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    pem = request.public_bytes(serialization.Encoding.PEM)
    for verb, condition in (("approve", "Approved"), ("deny", "Denied")):
        name = f"{kubectl.namespace}-{verb}"
        body = {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": name},
            "spec": {
                "request": base64.b64encode(pem).decode(),
                "signerName": "kubernetes.io/kube-apiserver-client",
                "usages": ["client auth"],
            },
        }
        kubectl("create", "-f", "-", stdin=body)
        assert kubectl("get", "csr", name, "--no-headers").split()[-1] == "Pending"
        kubectl("certificate", verb, name)
        shown = kubectl("get", "csr", name, "--no-headers").split()[-1]
        assert condition in shown
    name = f"{kubectl.namespace}-approve"
    kubectl("wait", "--for=jsonpath={.status.conditions[0].type}=Approved", f"csr/{name}", "--timeout=20s")
