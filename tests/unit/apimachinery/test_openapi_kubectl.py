"""Real kubectl of several versions reads the documents from a server that has little else."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import attrs
import orjson
import pytest
from aiohttp import web

from kubelite.api import facts, resources
from kubelite.apimachinery import openapi, openapi_v2
from kubelite.apimachinery.openapi_schemas import Knowledge

pytestmark = pytest.mark.wire
KNOWLEDGE = Knowledge(facts.type_of, resources.subresource_of)
CORE = [each for each in resources.SERVED if not each.group]
COMMAND_TIMEOUT_S = 30
META = {"name": "web", "namespace": "default"}
VERSION_INFO = {"major": "1", "minor": "36", "gitVersion": "v1.36.3"}


def controller(*names, **annotations):
    containers = [{"name": name, "image": "pause"} for name in names]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    metadata = {**META, "annotations": annotations}
    return {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": metadata,
        "spec": {"template": template},
    }


LAST = json.dumps(controller("a", "b"))
LIVE = controller("a", "b", **{"kubectl.kubernetes.io/last-applied-configuration": LAST})


def find_kubectl(version):
    places = [os.environ.get("KUBELITE_TEST_TOOLS", "")]
    if found := shutil.which("kubectl"):
        places.append(str(Path(found).resolve().parent))
    names = [Path(place) / f"kubectl{mark}{version}" for place in places if place for mark in ".-"]
    return next((name for name in names if name.is_file()), None)


@attrs.define
class Server:
    """A server of the core group's discovery and documents; it remembers requests that write."""

    home: Path
    has_v3: bool = True
    url: str = ""
    asked: list[str] = attrs.Factory(list)
    writes: list[tuple[str, str, dict]] = attrs.Factory(list)

    async def answer(self, request):
        self.asked.append(request.path)
        body = await request.read()
        if request.method in {"POST", "PATCH"}:
            self.writes.append((request.method, request.query_string, orjson.loads(body)))
            return self.json(LIVE)
        path = request.path.strip("/")
        if path == "openapi/v2":
            document = openapi.build_v2(CORE, KNOWLEDGE)
            encoded = openapi_v2.encode_v2(document, facts.protobuf())
            return web.Response(body=encoded, content_type=openapi_v2.MEDIA_TYPE)
        return self.json(self.documents().get(path))

    def documents(self):
        listed = [
            {
                "name": each.plural,
                "singularName": each.singular,
                "shortNames": each.short_names,
                "namespaced": each.namespaced,
                "kind": each.kind,
                "verbs": each.verbs,
            }
            for each in CORE
        ]
        made = {
            "version": VERSION_INFO,
            "api": {"kind": "APIVersions", "versions": ["v1"]},
            "apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
            "api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": listed},
            "api/v1/namespaces/default/replicationcontrollers/web": LIVE,
        }
        if self.has_v3:
            made["openapi/v3/api/v1"] = openapi.build_v3("", "v1", CORE, KNOWLEDGE)
            digest = openapi.document_hash(b"any")
            made["openapi/v3"] = openapi.build_v3_index({"api/v1": digest})
        return made

    @staticmethod
    def json(found):
        status = 200 if found is not None else 404
        body = found if found is not None else {"kind": "Status", "status": "Failure", "code": 404}
        return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")

    async def kubectl(self, version, *args, stdin=None):
        """(exit code, output) of a command."""
        binary = find_kubectl(version)
        if binary is None:
            pytest.skip(f"no kubectl {version}; KUBELITE_TEST_TOOLS names a directory that has it")
        nothing = {"KUBECONFIG": os.devnull, "KUBECACHEDIR": str(self.home), "HOME": str(self.home)}
        process = await asyncio.create_subprocess_exec(
            binary, "-s", self.url, *args,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], **nothing},
        )  # fmt: skip
        given = orjson.dumps(stdin) if stdin is not None else None
        output, _ = await asyncio.wait_for(process.communicate(given), COMMAND_TIMEOUT_S)
        return process.returncode, output.decode()


@pytest.fixture
async def server(tmp_path):
    made = Server(tmp_path)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.mark.parametrize("version", ["1.27", "1.29", "1.33", "1.37"])
async def test_explain_reads_version_3(server, version):
    code, output = await server.kubectl(version, "explain", "rc.spec.template.spec.containers.ports")
    assert code == 0, output
    assert "FIELD: ports <[]ContainerPort>" in output
    assert "containerPort\t<integer> -required-" in output
    assert "/openapi/v3/api/v1" in server.asked


async def test_explain_of_an_old_kubectl_reads_version_2(server):
    server.has_v3 = False
    code, output = await server.kubectl("1.27", "explain", "rc.spec.template.spec.containers.ports")
    assert code == 0, output
    assert "RESOURCE: ports <[]Object>" in output
    assert "containerPort\t<integer> -required-" in output


@pytest.mark.parametrize("has_v3", [True, False])
@pytest.mark.parametrize("version", ["1.27", "1.29", "1.37"])
async def test_create_leaves_validation_to_the_server(server, version, has_v3):
    server.has_v3 = has_v3
    wrong = controller("a") | {"spec": {"replicaz": 2}}
    code, output = await server.kubectl(version, "create", "-f", "-", stdin=wrong)
    assert code == 0, output
    ((method, query, body),) = server.writes
    assert method == "POST"
    assert "fieldValidation=Strict" in query
    assert body["spec"] == {"replicaz": 2}


@pytest.mark.parametrize("version", ["1.27", "1.37"])
async def test_a_list_is_validated_by_its_items(server, version):
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}]
    manifest = {"apiVersion": "v1", "kind": "List", "items": items}
    code, output = await server.kubectl(version, "create", "--dry-run=client", "-f", "-", stdin=manifest)
    assert (code, output) == (0, "configmap/x created (dry run)\n")


@pytest.mark.parametrize("has_v3", [True, False])
@pytest.mark.parametrize("version", ["1.27", "1.37"])
async def test_apply_merges_containers_by_name(server, version, has_v3):
    server.has_v3 = has_v3
    code, output = await server.kubectl(version, "apply", "-f", "-", stdin=controller("a"))
    assert code == 0, output
    ((method, _, patch),) = server.writes
    assert method == "PATCH"
    assert patch["spec"]["template"]["spec"]["containers"] == [{"$patch": "delete", "name": "b"}]
