"""Clusters as fixtures, for every way in which a test can be run."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_an_async_test_has_a_cluster_in_its_loop(run, mode):
    marked = "@pytest.mark.asyncio\n" if mode == "strict" else ""
    result = run(
        f"{marked}async def test_web(kubelite_cluster):\n"
        "    await kubelite_cluster.apply(WEB)\n"
        "    assert (await kubelite_cluster.wait_for('pod/web'))['status']['phase'] == 'Running'\n",
        mode=mode,
    )
    result.assert_outcomes(passed=1)


def test_any_loop_scope_will_do(run):
    result = run(
        "\n".join(
            f"@pytest.mark.asyncio(loop_scope={loop_scope!r})\n"
            f"class Test{loop_scope.title()}:\n"
            "    async def test_one(self, kubelite_cluster, kubelite_namespace):\n"
            "        await kubelite_cluster.apply(WEB, namespace=kubelite_namespace)\n"
            "        await kubelite_cluster.wait_for('pod/web', namespace=kubelite_namespace)\n"
            for loop_scope in ("class", "module", "package", "session")
        )
    )
    result.assert_outcomes(passed=4)


def test_anyio_runs_async_tests_on_asyncio_and_skips_other_loops(run):
    result = run(
        "pytestmark = pytest.mark.anyio\n"
        "@pytest.fixture(scope='module', params=['asyncio', 'trio'])\n"
        "def anyio_backend(request): return request.param\n"
        "@pytest.fixture\n"
        "async def web(kubelite_cluster):\n"
        "    await kubelite_cluster.apply(WEB)\n"
        "    return await kubelite_cluster.wait_for('pod/web')\n"
        "async def test_web(kubelite_cluster, kubelite_namespace, web):\n"
        "    assert web == await kubelite_cluster.get('pod', 'web')\n"
        "    await kubelite_cluster.apply(WEB, namespace=kubelite_namespace)\n"
        "async def test_module(kubelite_cluster_module):\n"
        "    assert await kubelite_cluster_module.get('nodes')\n",
    )
    result.assert_outcomes(passed=2, skipped=2)
    result.stdout.fnmatch_lines(["*actors run on asyncio, not on trio*"])


def test_a_blocking_test_has_a_cluster_on_a_thread(run):
    result = run(
        "import urllib.error, urllib.request, ssl\n"
        "def test_web(kubelite_cluster_sync):\n"
        "    kubelite_cluster_sync.apply(WEB)\n"
        "    kubelite_cluster_sync.wait_for('pod/web')\n"
        "    insecure = ssl._create_unverified_context()\n"
        "    url = kubelite_cluster_sync.url + '/version'\n"
        "    with urllib.request.urlopen(url, context=insecure) as answer:\n"
        "        assert answer.status == 200\n"
    )
    result.assert_outcomes(passed=1)


def test_clusters_live_as_long_as_their_scope(run):
    result = run(
        "seen = {}\n"
        "def test_one(kubelite_cluster_module_sync, kubelite_cluster_sync):\n"
        "    seen.update(module=kubelite_cluster_module_sync.url, function=kubelite_cluster_sync.url)\n"
        "def test_two(kubelite_cluster_module_sync, kubelite_cluster_sync):\n"
        "    assert seen['module'] == kubelite_cluster_module_sync.url\n"
        "    assert seen['function'] != kubelite_cluster_sync.url\n"
        "@pytest.mark.asyncio(loop_scope='session')\n"
        "async def test_three(kubelite_cluster_session):\n"
        "    seen['session'] = kubelite_cluster_session.url\n"
        "@pytest.mark.asyncio(loop_scope='session')\n"
        "async def test_four(kubelite_cluster_session):\n"
        "    assert seen['session'] == kubelite_cluster_session.url\n"
    )
    result.assert_outcomes(passed=4)


def test_a_fixture_of_ones_own_builds_on_the_cluster(run):
    result = run(
        "import pytest_asyncio\n"
        "@pytest_asyncio.fixture(scope='module', loop_scope='module')\n"
        "async def web(kubelite_cluster_module):\n"
        "    await kubelite_cluster_module.apply(WEB)\n"
        "    return await kubelite_cluster_module.wait_for('pod/web')\n"
        "@pytest.mark.asyncio(loop_scope='module')\n"
        "async def test_web(web, kubelite_cluster_module):\n"
        "    assert await kubelite_cluster_module.get('pod', 'web') == web\n"
    )
    result.assert_outcomes(passed=1)


def test_each_test_has_a_namespace_which_goes_with_it(run):
    result = run(
        "seen = []\n"
        "@pytest.mark.parametrize('number', [1, 2])\n"
        "def test_it(kubelite_cluster_session_sync, kubelite_namespace, number):\n"
        "    cluster = kubelite_cluster_session_sync.in_namespace(kubelite_namespace)\n"
        "    cluster.apply(WEB)\n"
        "    assert cluster.wait_for('pod/web')['metadata']['namespace'] == kubelite_namespace\n"
        "    assert kubelite_namespace not in seen\n"
        "    for each in seen:\n"
        "        cluster.wait_for(f'namespace/{each}', 'deleted')\n"
        "    seen.append(kubelite_namespace)\n"
        "def test_alone(kubelite_namespace):\n"
        "    assert kubelite_namespace == 'test-alone'\n"
    )
    result.assert_outcomes(passed=3)


def test_markers_come_before_the_fixture_of_options_and_that_before_the_command_line(run, pytester):
    pytester.makeconftest(
        "import pytest\n@pytest.fixture(scope='session')\ndef kubelite_options(): return {'max_pods': 7}\n"
    )
    result = run(
        "pytestmark = pytest.mark.kubelite(nodes=2)\n"
        "def test_module(kubelite_cluster_sync, kubelite_cluster_module_sync):\n"
        "    for each in (kubelite_cluster_sync, kubelite_cluster_module_sync):\n"
        "        assert len(each.get('nodes')) == 2\n"
        "    assert kubelite_cluster_sync.get('node', 'node-1')['status']['capacity']['pods'] == '7'\n"
        "    assert kubelite_cluster_sync.seed == 5\n"
        "@pytest.mark.kubelite(nodes=0, seed=6, name='other')\n"
        "def test_own(kubelite_cluster_sync):\n"
        "    assert kubelite_cluster_sync.get('nodes') == [] and kubelite_cluster_sync.seed == 6\n"
        "    assert 'other' in repr(kubelite_cluster_sync)\n"
        "def test_session(kubelite_cluster_session_sync):\n"
        "    assert len(kubelite_cluster_session_sync.get('nodes')) == 3\n",
        "--kubelite-nodes=3",
        "--kubelite-seed=5",
    )
    result.assert_outcomes(passed=3)


def test_virtual_time_comes_from_the_marker_or_the_command_line(run):
    text = (
        "async def test_power(kubelite_cluster):\n"
        "    await kubelite_cluster.fail_node('node-1')\n"
        "    await kubelite_cluster.wait_for('node/node-1', 'condition=Ready=Unknown', timeout=600)\n"
        "    assert kubelite_cluster.clock.monotonic() > 20\n"
    )
    run(f"@pytest.mark.kubelite(virtual_time=True)\n{text}", mode="auto").assert_outcomes(passed=1)
    run(text, "--kubelite-virtual-time", mode="auto").assert_outcomes(passed=1)


def test_blocking_tests_have_virtual_time_by_their_marker(run):
    text = (
        "import kubernetes\n"
        "@pytest.mark.kubelite(virtual_time=True)\n"
        "def test_power(kubelite_cluster_sync):\n"
        "    kubernetes.config.load_kube_config(str(kubelite_cluster_sync.kubeconfig))\n"
        "    kubelite_cluster_sync.fail_node('node-1')\n"
        "    kubelite_cluster_sync.clock.advance(3600)\n"
        "    (node,) = kubernetes.client.CoreV1Api().list_node().items\n"
        "    assert {each.type: each.status for each in node.status.conditions}['Ready'] == 'Unknown'\n"
        "    assert kubelite_cluster_sync.clock.monotonic() == 3600\n"
        "def test_other(kubelite_cluster_sync):\n"
        "    assert 'System' in repr(kubelite_cluster_sync.clock)\n"
    )
    run(text, "--kubelite-virtual-time").assert_outcomes(passed=2)


def test_what_cannot_work_says_why(run):
    result = run(
        "def test_async_fixture(kubelite_cluster): pass\n"
        "@pytest.mark.asyncio\n"
        "async def test_loop(kubelite_cluster_module): pass\n"
        "@pytest.mark.kubelite(nodez=2)\n"
        "def test_option(kubelite_cluster_sync): pass\n"
        "@pytest.mark.kubelite(nodes='2')\n"
        "def test_type(kubelite_cluster_sync): pass\n"
        "@pytest.mark.asyncio\n"
        "@pytest.mark.anyio\n"
        "async def test_runners(kubelite_cluster): pass\n"
        "@pytest.mark.kubelite(2)\n"
        "def test_positional(kubelite_cluster_sync): pass\n"
        "@pytest.mark.asyncio(loop_scope='session')\n"
        "async def test_session(kubelite_cluster_session): pass\n"
        "@pytest.mark.asyncio\n"
        "async def test_another_loop(kubelite_cluster_session): pass\n"
    )
    result.assert_outcomes(passed=1, errors=7)
    result.stdout.fnmatch_lines(
        [
            *("*setup of test_async_fixture*", "*is for async tests*kubelite_cluster_sync*"),
            *("*setup of test_loop*", "*an event loop that lives as long as the module*loop_scope='module'*"),
            *("*setup of test_option*", "unknown option nodez, did you mean nodes? a cluster takes name*"),
            *("*setup of test_type*", "a cluster has 0 nodes or more, not '2' (the marker kubelite*"),
            *("*setup of test_runners*", "anyio and pytest-asyncio both run this test*"),
            *("*setup of test_positional*", "*named arguments only*"),
            "*setup of test_another_loop*",
            "*needs an event loop that lives as long as the session*loop_scope='session'*",
        ]
    )
    result.stdout.no_fnmatch_line("*During handling of the above exception*")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--kubelite-target=minikube"], "*kubelite or kubeconfig:CONTEXT, not 'minikube'*"),
        (
            ["--kubelite-target=kubeconfig:x", "--kubelite-virtual-time"],
            "*nobody can move a real cluster's time*",
        ),
        (["--kubelite-nodes=-1"], "*0 or more, not -1*"),
        (["--kubelite-target=kubeconfig:x"], "*kubeconfig:x: *No such file*nowhere*"),
    ],
)
def test_a_command_line_that_cannot_work_is_refused(run, arguments, says, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    result = run("def test_x(): pass", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([says])


@pytest.mark.parametrize("runner", ["asyncio", "anyio"])
def test_runners_are_found_by_their_modules_where_no_plugin_loads_itself(run, monkeypatch, runner):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = run(
        "@pytest.fixture\n"
        "def anyio_backend(): return 'asyncio'\n"
        f"@pytest.mark.{runner}\n"
        "async def test_it(kubelite_cluster): assert await kubelite_cluster.get('node/node-1')\n",
        *("-p", "pytest_asyncio.plugin", "-p", "anyio.pytest_plugin", "-p", "kubelite.pytest_plugin"),
    )
    result.assert_outcomes(passed=1)


def test_workers_of_xdist_have_clusters_of_their_own(run):
    result = run(
        "@pytest.mark.parametrize('number', range(4))\n"
        "def test_it(kubelite_cluster_session_sync, kubelite_namespace, number):\n"
        "    kubelite_cluster_session_sync.apply(WEB, namespace=kubelite_namespace)\n"
        "    kubelite_cluster_session_sync.wait_for('pod/web', namespace=kubelite_namespace)\n",
        "-n2",
    )
    result.assert_outcomes(passed=4)


def test_where_it_is_not_used_nothing_of_kubelite_is_imported(run):
    result = run(
        "import sys\n"
        "def test_x():\n"
        "    loaded = {name for name in sys.modules if name.startswith('kubelite')}\n"
        "    assert loaded - {'kubelite'} == {n for n in loaded if n.startswith('kubelite.pytest_plugin')}\n",
    )
    result.assert_outcomes(passed=1)


def test_the_plugin_alone_does_not_import_asyncio():
    code = "import sys, pytest, kubelite.pytest_plugin; sys.exit('asyncio' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=True)
