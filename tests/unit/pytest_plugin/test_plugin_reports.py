"""What a failing test's report shows of its cluster, and what it leaves on disk."""

import json

FAILING = """
async def test_it(kubelite_cluster):
    await kubelite_cluster.apply(WEB)
    await kubelite_cluster.wait_for("pod/web")
    spec = {"containers": [{"name": "c", "image": "nobody/no:1"}]}
    bad = {**WEB, "metadata": {"name": "bad"}, "spec": spec}
    await kubelite_cluster.apply(bad)
    await kubelite_cluster.wait_for("pod/bad", "jsonpath={.status.containerStatuses[0].state.waiting}")
    assert False
"""


def test_a_failing_test_shows_its_cluster_as_it_was(run):
    result = run(FAILING, "--kubelite-seed=7", mode="auto")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*kubelite_cluster, as it was*",
            "<Cluster kubelite running, 1 nodes*, seed 7",
            "to replay: pytest *::test_it --kubelite-seed=7",
            "pods:",
            "*NAMESPACE*NAME*READY*STATUS*RESTARTS*AGE*NODE*",
            "*default*bad*0/1*",
            "*default*web*1/1*Running*",
            "what is wrong:",
            "*pod/bad: container c: *",
            "*try: the image's spelling*",
            "events:",
            "*Warning*Failed*pod/bad*nobody/no:1*",
            "log of default/web web:",
            "*ready for start up",
        ]
    )


def test_artifacts_are_written_for_failing_tests_only(run, pytester):
    run(f"{FAILING}\nasync def test_good(kubelite_cluster): pass", "--kubelite-artifacts=out", mode="auto")
    (made,) = (pytester.path / "out").iterdir()
    folder = made / "kubelite_cluster"
    assert "pod/bad" in (folder / "report.txt").read_text()
    pods = json.loads((folder / "objects" / "pods.json").read_text())
    assert [each["metadata"]["name"] for each in pods] == ["bad", "web"]
    assert not (folder / "objects" / "secrets.json").exists()
    assert "ready for start up" in (folder / "logs" / "default_web_web.log").read_text()
    facts = json.loads((folder / "cluster.json").read_text())
    assert isinstance(facts["seed"], int)
    assert facts["virtualTime"] is False


def test_so_do_blocking_tests_with_their_clients_requests(run):
    names = ["kubelite_cluster_sync", "kubelite_cluster_module_sync"]
    result = run(
        "import ssl, urllib.error, urllib.request\n"
        "def refused(cluster):\n"
        "    url, agent = cluster.url + '/api/v1/pods', {'User-Agent': 'mine/1'}\n"
        "    request = urllib.request.Request(url, headers=agent)\n"
        "    with pytest.raises(urllib.error.HTTPError) as caught:\n"
        "        urllib.request.urlopen(request, context=ssl._create_unverified_context())\n"
        "    caught.value.close()\n"
        "    assert False\n"
        + "\n".join(f"def test_{number}({name}): refused({name})" for number, name in enumerate(names))
    )
    result.assert_outcomes(failed=2)
    for name in names:
        result.stdout.fnmatch_lines(
            [f"*{name}, as it was*", "*last requests over HTTP*", "*40?*/api/v1/pods by mine/1"]
        )


def test_a_fixture_that_fails_shows_it_too(run):
    result = run(
        "import pytest_asyncio\n"
        "@pytest_asyncio.fixture\n"
        "async def web(kubelite_cluster):\n"
        "    await kubelite_cluster.apply(WEB)\n"
        "    await kubelite_cluster.wait_for('pod/web', 'condition=Never', timeout=5)\n"
        "@pytest.mark.asyncio\n"
        "@pytest.mark.kubelite(virtual_time=True)\n"
        "async def test_it(web): pass\n"
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*pod/web did not get condition=Never within 5 s: web: it has no condition Never*", "*, as it was*"]
    )


def test_virtual_time_stands_still_while_the_report_is_made(run):
    result = run(
        "@pytest.mark.kubelite(virtual_time=True)\n"
        "async def test_it(kubelite_cluster):\n"
        "    await kubelite_cluster.clock.advance(90.2 - kubelite_cluster.clock.monotonic())\n"
        "    assert False\n",
        mode="auto",
    )
    result.stdout.fnmatch_lines(["*at 2026-01-01T00:01:30Z*"])


def test_passing_and_other_tests_show_nothing(run):
    result = run("def test_good(kubelite_cluster_module_sync): pass\ndef test_other():\n    assert False\n")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*as it was*")
