"""One cluster per module; real kubectl of eight versions, helm and the Python clients talk to it by HTTPS.

`kubectl` is parametrized over the newest version and some older ones, which differ from test to test; each
use has a namespace of its own. A test, or a module, says how many it needs: `@pytest.mark.kubectls(2)`.
"""

from __future__ import annotations

import gc
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import kubelite
from tests.wire import lamps as custom
from tests.wire.kubectl import Kubectl, controller, find_kubectl, service, versions_for

USUAL_KUBECTLS = 3

_names = itertools.count(1)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.wire)
            item.add_marker(pytest.mark.flaky(reruns=1))  # clients have races of their own; twice is ours


def pytest_generate_tests(metafunc):
    if "version" in metafunc.fixturenames:
        chosen = metafunc.definition.get_closest_marker("kubectls")
        count = chosen.args[0] if chosen else USUAL_KUBECTLS
        versions = versions_for(metafunc.definition.nodeid, count)
        metafunc.parametrize("version", versions, indirect=True, scope="module")


@pytest.fixture(scope="module")
def cluster() -> Iterator[kubelite.BlockingCluster]:
    with kubelite.start(nodes=3) as running:
        yield running


@pytest.fixture(scope="module")
def rubbish() -> Iterator[None]:
    """For clients that leave their sockets to the garbage collector: they must not trouble other modules."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def homes(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("kubectl")


def make_namespace(cluster) -> str:
    """A fresh namespace, in which pods can be made at once."""
    name = f"wire-{next(_names)}"
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    cluster.wait_for("serviceaccount/default", "exists", namespace=name)
    return name


@pytest.fixture
def namespace(cluster) -> str:
    return make_namespace(cluster)


@pytest.fixture(scope="module")
def lamps(cluster) -> None:
    """The custom kind Lamp is served."""
    cluster.apply(custom.DEFINITION)
    cluster.wait_for(f"crd/lamps.{custom.GROUP}", "condition=Established")


@pytest.fixture(scope="module")
def story_namespace(cluster) -> str:
    """A namespace with the backend of two and its Service, ready; for tests that only look."""
    name = make_namespace(cluster)
    cluster.apply([controller(), service()], namespace=name)
    cluster.wait_for("rc/backend", namespace=name)
    return name


@pytest.fixture(scope="module")
def version(request) -> str:
    """Each version of kubectl in turn; skips those that are not found."""
    if find_kubectl(request.param) is None:
        pytest.skip(f"no kubectl {request.param} in KUBELITE_TEST_TOOLS or beside the kubectl on the PATH")
    return request.param


@pytest.fixture
def kubectl(version, cluster, namespace, homes) -> Kubectl:
    """kubectl in a namespace of its own."""
    return Kubectl.of(version, cluster, namespace, homes)


@pytest.fixture(scope="module")
def story(version, cluster, story_namespace, homes) -> Kubectl:
    """kubectl where the backend runs already."""
    return Kubectl.of(version, cluster, story_namespace, homes)
