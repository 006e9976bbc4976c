"""Requests made from the server's own OpenAPI documents: none hangs, none breaks the server."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import kubelite
from tests.wire.fuzzing import Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    schemathesis = pytest.importorskip("schemathesis")

GROUPS = {
    "api/v1": 45,
    "apis/apps/v1": 25,
    "apis/apiextensions.k8s.io/v1": 15,
    "apis/authorization.k8s.io/v1": 20,
    "apis/autoscaling/v2": 15,
    "apis/batch/v1": 20,
    "apis/coordination.k8s.io/v1": 25,
    "apis/networking.k8s.io/v1": 20,
    "apis/policy/v1": 15,
    "apis/rbac.authorization.k8s.io/v1": 25,
    "apis/storage.k8s.io/v1": 20,
}
"""Documents, and how many requests are made from each."""
NAMES = ("default", "kubernetes", "kube-root-ca.crt", "x")


@pytest.fixture(scope="module")
def server():
    with kubelite.start(nodes=0, secure=False) as cluster:
        yield Server(cluster.kubeconfig)


def aimed(case, turn):
    """The request with something to hit in its path two times of three, and nothing that only waits."""
    if turn % 3:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = "default" if name == "namespace" else NAMES[turn % len(NAMES)]
    for name in ("watch", "timeoutSeconds", "resourceVersion"):
        if name in (case.query or {}) and turn % 2:
            del case.query[name]
    return case


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", GROUPS)
def test_no_request_from_the_documents_breaks_the_server(server, path):
    document = server.session.get(f"{server.url}/openapi/v3/{path}", timeout=30).json()
    schema = schemathesis.openapi.from_dict(document)
    found, turns = [], iter(range(10_000))

    @seed(3)
    @settings(
        max_examples=GROUPS[path],
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema.as_strategy())
    def ask(case):
        request = aimed(case, next(turns)).as_transport_kwargs(base_url=server.url)
        request["headers"] = {
            name: value for name, value in (request.get("headers") or {}).items() if name != "Authorization"
        }
        if problem := server.send(**request):
            found.append(problem)

    ask()
    assert found == []
    assert server.session.get(f"{server.url}/readyz", timeout=5).text == "ok"
