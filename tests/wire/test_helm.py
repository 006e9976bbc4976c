"""helm 4: charts from their making to their removal; releases live in Secrets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import attrs
import pytest
import yaml

pytestmark = pytest.mark.timeout(60)

COMMAND_TIMEOUT_S = 45
GROUP = "shop.example.com"

TEMPLATES = {
    "configmap.yaml": """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-settings
  labels: {app: {{ .Chart.Name }}, release: {{ .Release.Name }}}
data:
  colour: {{ .Values.colour | quote }}
  release: "{{ .Release.Name }} {{ .Release.Revision }}"
  {{- with .Values.size }}
  size: {{ . | quote }}
  {{- end }}
  {{- with lookup "v1" "Namespace" "" .Release.Namespace }}
  namespace-is: {{ .status.phase }}
  {{- end }}
  {{- if .Capabilities.APIVersions.Has "apps/v1/Deployment" }}
  can: deploy
  {{- end }}
""",
    "secret.yaml": """
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-key
type: Opaque
stringData:
  password: {{ .Values.password | quote }}
""",
    "service.yaml": """
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-front
spec:
  selector: {app: {{ .Chart.Name }}}
  ports:
  {{- range $name, $port := .Values.ports }}
  - name: {{ $name }}
    port: {{ $port }}
    targetPort: http
  {{- end }}
""",
    "serviceaccount.yaml": """
{{- if .Values.account }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .Release.Name }}-robot
{{- end }}
""",
    "NOTES.txt": "The colour is {{ .Values.colour }}.\n",
}
HOOK = """
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-before
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: busybox
    args: [sh, -c, "echo before {{ .Release.Revision }}; exit {{ .Values.code }}"]
"""
TEST = """
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations: {helm.sh/hook: test}
spec:
  restartPolicy: Never
  containers:
  - {name: main, image: busybox, args: [sh, -c, "exit {{ .Values.code }}"]}
"""
FAREWELL = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-farewell
  annotations: {helm.sh/hook: post-delete}
data: {said: goodbye}
"""
VALUES = {
    "colour": "green",
    "size": "",
    "password": "1234",
    "account": True,
    "ports": {"http": 80, "admin": 8080},
    "code": 0,
}


def find_helm() -> Path | None:
    """helm 4 in KUBELITE_TEST_TOOLS or on the PATH."""
    tools = os.environ.get("KUBELITE_TEST_TOOLS", "")
    found = shutil.which("helm", path=os.pathsep.join(filter(None, [tools, os.environ.get("PATH", "")])))
    return Path(found) if found else None


@attrs.frozen
class Helm:
    """helm with a home and a namespace of its own."""

    binary: Path
    kubeconfig: Path
    home: Path
    namespace: str

    def run(self, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = {
            "GOGC": "off",
            "GOMEMLIMIT": "256MiB",
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "KUBECACHEDIR": str(self.home / "kube"),
            "HELM_CACHE_HOME": str(self.home / "cache"),
            "HELM_CONFIG_HOME": str(self.home / "config"),
            "HELM_DATA_HOME": str(self.home / "data"),
            "HELM_NAMESPACE": self.namespace,
            "KUBECONFIG": str(self.kubeconfig),
        }
        return subprocess.run(
            [self.binary, *args],
            env=environment,
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    def __call__(self, *args: str, stdin: str = "") -> str:
        """What a command prints; it must succeed."""
        done = self.run(*args, stdin=stdin)
        assert done.returncode == 0, f"helm {' '.join(args)}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *args: str):
        return json.loads(self(*args, "--output", "json"))

    def fails(self, *args: str) -> str:
        """What a command complains of; it must fail."""
        done = self.run(*args)
        assert done.returncode != 0, f"helm {' '.join(args)} succeeded: {done.stdout}{done.stderr}"
        return done.stderr

    def releases(self, *options: str):
        """Name, revision and status of each release."""
        return [(item["name"], item["revision"], item["status"]) for item in self.json("list", *options)]


@pytest.fixture
def helm(cluster, namespace, tmp_path) -> Helm:
    binary = find_helm()
    if binary is None:
        pytest.skip("no helm in KUBELITE_TEST_TOOLS or on the PATH")
    return Helm(binary, cluster.kubeconfig, tmp_path, namespace)


@pytest.fixture
def chart(tmp_path) -> Path:
    """A chart of a ConfigMap, a Secret, a Service and a ServiceAccount."""
    root = tmp_path / "shop"
    (root / "templates").mkdir(parents=True)
    facts = {"apiVersion": "v2", "name": "shop", "version": "0.1.0", "appVersion": "1.0"}
    (root / "Chart.yaml").write_text(yaml.safe_dump(facts))
    (root / "values.yaml").write_text(yaml.safe_dump(VALUES))
    for name, text in TEMPLATES.items():
        (root / "templates" / name).write_text(text)
    return root


@pytest.fixture
def get(cluster, namespace):
    """Objects of the namespace."""
    return lambda kind, name=None: cluster.get(kind, name, namespace=namespace)


def names(items):
    return {item["metadata"]["name"] for item in items}


def test_the_chart_that_helm_makes_is_linted_and_rendered(helm):
    assert "Creating made" in helm("create", "made")
    assert "1 chart(s) linted, 0 chart(s) failed" in helm("lint", "made", "--strict")
    kinds = [item["kind"] for item in yaml.safe_load_all(helm("template", "x", "made"))]
    assert kinds == ["ServiceAccount", "Service", "Deployment", "Pod"]
    helm("package", "made")
    assert (helm.home / "made-0.1.0.tgz").is_file()


def test_the_chart_that_helm_makes_runs(helm, cluster, get):
    """Its workload becomes ready, its test succeeds, it scales and is rolled back."""
    helm("create", "made")
    wait = ("--wait", "--timeout=30s")
    assert "STATUS: deployed" in helm("install", "web", "made", *wait)
    deployment = get("deployment", "web-made")
    assert deployment["status"]["readyReplicas"] == deployment["spec"]["replicas"] == 1
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "nginx:1.16.0"
    assert {"livenessProbe", "readinessProbe"} <= set(container)
    assert names(get("serviceaccount")) == {"default", "web-made"}
    assert "web-made-" in helm("status", "web")  # its pods are listed
    assert "Phase:          Succeeded" in helm("test", "web", "--timeout=30s")
    assert "Welcome to nginx!" not in helm(
        "test", "web", "--timeout=30s", "--logs"
    )  # wget keeps it in a file
    scaling = (
        "--set=autoscaling.enabled=true,autoscaling.minReplicas=2",
        "--set=resources.requests.cpu=100m",
    )
    helm("upgrade", "web", "made", *wait, *scaling)
    assert get("hpa", "web-made")["spec"]["minReplicas"] == 2
    helm("upgrade", "web", "made", *wait, "--set=replicaCount=3,service.type=NodePort")
    assert get("deployment", "web-made")["status"]["readyReplicas"] == 3
    assert get("hpa") == []
    assert get("service", "web-made")["spec"]["type"] == "NodePort"
    assert "Rollback was a success" in helm("rollback", "web", "1", *wait)
    assert get("deployment", "web-made")["spec"]["replicas"] == 1
    assert get("service", "web-made")["spec"]["type"] == "ClusterIP"
    history = [(item["revision"], item["status"]) for item in helm.json("history", "web")]
    assert history == [(1, "superseded"), (2, "superseded"), (3, "superseded"), (4, "deployed")]
    helm("uninstall", "web", *wait)
    assert names(get("deployment")) == names(get("service")) == set()


def test_an_install_that_does_not_become_ready_fails_and_can_be_undone(helm, get):
    helm("create", "made")
    complaint = helm.fails(
        "install",
        "web",
        "made",
        "--wait",
        "--timeout=1s",
        "--set=image.repository=no/such",
        "--rollback-on-failure",
    )
    assert "context deadline exceeded" in complaint
    assert helm.releases("--all-namespaces=false") == []
    assert names(get("deployment")) == set()


def test_the_chart_that_helm_makes_is_installed(helm, get):
    """Its Deployment is of none, so that nothing has to run."""
    helm("create", "made")
    helm("install", "x", "made", "--set=replicaCount=0")
    assert get("deployment", "x-made")["spec"]["replicas"] == 0
    assert get("svc", "x-made")["spec"]["ports"][0]["targetPort"] == "http"
    helm("uninstall", "x")
    assert names(get("svc")) == set()


def test_a_release_from_its_installation_to_its_removal(helm, chart, get):
    assert "The colour is green." in helm("install", "first", str(chart), "--wait")
    settings = get("cm", "first-settings")
    assert settings["data"] == {
        "colour": "green",
        "release": "first 1",
        "namespace-is": "Active",
        "can": "deploy",
    }
    labels = settings["metadata"]["labels"]
    assert labels == {"app": "shop", "release": "first", "app.kubernetes.io/managed-by": "Helm"}
    assert settings["metadata"]["annotations"] == {
        "meta.helm.sh/release-name": "first",
        "meta.helm.sh/release-namespace": helm.namespace,
    }
    (entry,) = settings["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("helm", "Apply")
    assert get("secret", "first-key")["data"] == {"password": "MTIzNA=="}
    assert {port["name"]: port["port"] for port in get("svc", "first-front")["spec"]["ports"]} == {
        "http": 80,
        "admin": 8080,
    }
    assert "first-robot" in names(get("sa"))
    assert helm.releases() == [("first", "1", "deployed")]
    assert helm.json("status", "first")["info"]["status"] == "deployed"
    assert "cannot reuse a name that is still in use" in helm.fails("install", "first", str(chart))

    helm("upgrade", "first", str(chart), "--set=colour=red,size=big,account=false,ports.admin=null", "--wait")
    data = get("cm", "first-settings")["data"]
    assert (data["colour"], data["size"], data["release"]) == ("red", "big", "first 2")
    assert [port["name"] for port in get("svc", "first-front")["spec"]["ports"]] == ["http"]
    assert "first-robot" not in names(get("sa"))
    assert helm.releases() == [("first", "2", "deployed")]

    helm("rollback", "first", "1", "--wait")
    data = get("cm", "first-settings")["data"]
    assert (data["colour"], data["release"], "size" in data) == ("green", "first 1", False)
    assert "first-robot" in names(get("sa"))
    history = [(item["revision"], item["status"]) for item in helm.json("history", "first")]
    assert history == [(1, "superseded"), (2, "superseded"), (3, "deployed")]

    assert helm("uninstall", "first", "--wait") == 'release "first" uninstalled\n'
    assert names(get("cm")) == {"kube-root-ca.crt"}
    assert names(get("svc")) == set()
    assert names(get("secret")) == set()
    assert helm.releases() == []
    assert "release: not found" in helm.fails("status", "first")


def test_what_helm_keeps_of_a_release(helm, chart, get):
    """Its Secrets are found by their labels; their bodies come and go as protobuf."""
    values = helm.home / "mine.yaml"
    values.write_text("colour: blue\n")
    helm("install", "kept", str(chart), f"--values={values}", "--description=by hand")
    assert helm.json("get", "values", "kept") == {"colour": "blue"}
    assert helm.json("get", "values", "kept", "--all") == {**VALUES, "colour": "blue"}
    manifest = yaml.safe_load_all(helm("get", "manifest", "kept"))
    assert sorted(item["kind"] for item in manifest) == ["ConfigMap", "Secret", "Service", "ServiceAccount"]
    assert helm("get", "notes", "kept") == "NOTES:\nThe colour is blue.\n\n"
    metadata = helm.json("get", "metadata", "kept")
    assert (metadata["chart"], metadata["appVersion"], metadata["revision"]) == ("shop", "1.0", 1)
    status = helm("status", "kept")
    assert "==> v1/ConfigMap\nNAME " in status
    assert "kept-settings " in status
    release = get("secret", "sh.helm.release.v1.kept.v1")
    assert release["type"] == "helm.sh/release.v1"
    assert release["metadata"]["labels"]["status"] == "deployed"
    helm("uninstall", "kept", "--keep-history")
    assert helm.releases("--deployed") == []
    assert helm.releases("--uninstalled") == [("kept", "1", "uninstalled")]
    assert get("secret", "sh.helm.release.v1.kept.v1")["metadata"]["labels"]["status"] == "uninstalled"


def test_upgrades_install_what_is_not_there(helm, chart, get):
    helm("upgrade", "--install", "made", str(chart), "--set=colour=red")
    helm("upgrade", "--install", "made", str(chart), "--reuse-values", "--set=size=big")
    data = get("cm", "made-settings")["data"]
    assert (data["colour"], data["size"]) == ("red", "big")
    assert helm.releases() == [("made", "2", "deployed")]


def test_an_upgrade_leaves_alone_what_others_added(helm, chart, cluster, get):
    helm("install", "shared", str(chart))
    mine = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared-settings"}}
    cluster.apply({**mine, "data": {"mine": "yes"}}, namespace=helm.namespace)
    helm("upgrade", "shared", str(chart), "--set=colour=red")
    data = get("cm", "shared-settings")["data"]
    assert (data["colour"], data["mine"]) == ("red", "yes")


def test_a_dry_run_makes_nothing(helm, chart, get):
    out = helm("install", "dry", str(chart), "--dry-run=server")
    assert "namespace-is: Active" in out  # lookups are answered
    assert names(get("cm")) == {"kube-root-ca.crt"}
    assert helm.releases() == []


def test_a_release_in_a_namespace_of_its_own(helm, chart, cluster):
    name = f"{helm.namespace}-own"
    helm("install", "far", str(chart), "--namespace", name, "--create-namespace")
    assert cluster.get("cm", "far-settings", namespace=name)["data"]["colour"] == "green"
    assert ("far", name) in {
        (item["name"], item["namespace"]) for item in helm.json("list", "--all-namespaces")
    }


def test_a_refused_object_fails_the_release(helm, chart, get):
    """The API server's words reach the user; the failed release can be repaired, or removed."""
    complaint = helm.fails("install", "bad", str(chart), "--set=ports.http=70000")
    assert "spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive" in complaint
    assert helm.releases("--failed") == [("bad", "1", "failed")]
    helm("upgrade", "bad", str(chart), "--reset-values")
    assert names(get("svc")) == {"bad-front"}
    assert helm.releases() == [("bad", "2", "deployed")]
    (chart / "templates" / "typo.yaml").write_text(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndatum: {a: "b"}\n'
    )
    assert "datum" in helm.fails("upgrade", "bad", str(chart), "--rollback-on-failure")
    assert [item["status"] for item in helm.json("history", "bad")][-1] == "deployed"
    helm("uninstall", "bad")
    assert names(get("cm")) == {"kube-root-ca.crt"}


def test_what_belongs_to_somebody_else_is_not_taken_over(helm, chart, cluster):
    mine = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign-settings"}}
    cluster.apply(mine, namespace=helm.namespace)
    assert "cannot be imported into the current release" in helm.fails("install", "foreign", str(chart))
    helm("install", "foreign", str(chart), "--take-ownership", "--force-conflicts")
    assert cluster.get("cm", "foreign-settings", namespace=helm.namespace)["data"]["colour"] == "green"


def test_hooks_run_before_and_after(helm, chart, cluster, get):
    (chart / "templates" / "before.yaml").write_text(HOOK)
    (chart / "templates" / "farewell.yaml").write_text(FAREWELL)
    helm("install", "hooked", str(chart))
    assert cluster.logs("hooked-before", namespace=helm.namespace) == "before 1\n"
    assert get("pod", "hooked-before")["status"]["phase"] == "Succeeded"
    helm("upgrade", "hooked", str(chart))
    assert cluster.logs("hooked-before", namespace=helm.namespace) == "before 2\n"
    assert "helm.sh/hook: pre-install,pre-upgrade" in helm("get", "hooks", "hooked")
    assert "pre-upgrade hooks failed" in helm.fails("upgrade", "hooked", str(chart), "--set=code=1")
    helm("uninstall", "hooked")
    assert get("cm", "hooked-farewell")["data"] == {"said": "goodbye"}


def test_the_tests_of_a_chart(helm, chart):
    (chart / "templates" / "test.yaml").write_text(TEST)
    helm("install", "tested", str(chart))
    assert "Phase:          Succeeded" in helm("test", "tested")
    helm("upgrade", "tested", str(chart), "--set=code=3")
    assert "tested-test" in helm.fails("test", "tested")


def test_a_chart_with_a_definition_and_instances_of_it(helm, chart, cluster):
    """helm waits until the definition is established, and learns the kind from discovery."""
    plural = f"gadgets{helm.namespace.removeprefix('wire-')}"
    kind = plural.capitalize()
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["size"],
                "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "colour": {"type": "string", "default": "grey"},
                },
            },
        },
    }
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }
    (chart / "crds").mkdir()
    (chart / "crds" / "gadget.yaml").write_text(yaml.safe_dump(definition))
    gadget = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": "one"}}
    text = yaml.safe_dump(gadget) + "spec: {size: {{ .Values.n }}}\n"
    (chart / "templates" / "gadget.yaml").write_text(text)
    helm("install", "custom", str(chart), "--set=n=3", "--wait")
    made = cluster.get(f"{plural}.{GROUP}", "one", namespace=helm.namespace)
    assert made["spec"] == {"size": 3, "colour": "grey"}
    assert "spec.size" in helm.fails("upgrade", "custom", str(chart), "--set=n=0")
    helm("upgrade", "custom", str(chart), "--set=n=5")
    assert cluster.get(f"{plural}.{GROUP}", "one", namespace=helm.namespace)["spec"]["size"] == 5
    helm("uninstall", "custom")
    assert cluster.get(f"{plural}.{GROUP}", namespace=helm.namespace) == []
    assert cluster.get("crd", f"{plural}.{GROUP}")["spec"]["names"]["kind"] == kind  # those stay
