"""Kubeconfigs of all kinds: what is taken from them, and what is refused."""

import json
import stat
import sys

import pytest
import yaml

from kubelite.client.kubeconfig import is_plain, minified, read_kubeconfig

SERVER = "https://cluster.example:6443"


def write(path, *, cluster=None, user=None, context=None, **more):
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "a",
        "clusters": [{"name": "c", "cluster": {"server": SERVER, **(cluster or {})}}],
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u", **(context or {})}}],
        "users": [{"name": "u", "user": user or {}}],
        **more,
    }
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config"


def test_the_way_to_the_server_and_its_name_are_taken(path):
    found = read_kubeconfig(
        write(
            path,
            cluster={"proxy-url": "http://proxy:3128", "tls-server-name": "kubernetes"},
            context={"namespace": "shop"},
        )
    )
    assert (found.url, found.proxy, found.server_name) == (SERVER, "http://proxy:3128", "kubernetes")
    assert found.namespace == "shop"
    assert not found.insecure
    assert found.renew is None


def test_on_whose_behalf_requests_are_is_told_in_headers(path):
    user = {"as": "jane", "as-uid": "7", "as-groups": ["dev", "ops"], "as-user-extra": {"reason": ["test"]}}
    assert read_kubeconfig(write(path, user=user)).headers == (
        ("Impersonate-User", "jane"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Extra-reason", "test"),
    )
    basic = {"username": "jane", "password": "pw"}
    assert read_kubeconfig(write(path, user=basic)).headers == (("Authorization", "Basic amFuZTpwdw=="),)


def test_credentials_that_may_run_out_can_be_had_anew(path, tmp_path):
    (tmp_path / "token").write_text("one\n")
    found = read_kubeconfig(write(path, user={"tokenFile": "token"}))
    assert found.credentials.token == "one"
    (tmp_path / "token").write_text("two\n")
    assert found.renew is not None
    assert found.renew().token == "two"


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"cluster": {"proxy-url": "socks5://proxy:1080"}}, "only http:// and https:// proxies"),
        ({"cluster": {"server": ""}}, "'c' has no server"),
        (
            {"cluster": {"certificate-authority-data": "YQ==", "insecure-skip-tls-verify": True}},
            "and not to check it",
        ),
        ({"user": {"auth-provider": {"name": "gcp"}}}, "auth-provider 'gcp' is not supported"),
        ({"user": {"client-certificate-data": "YQ=="}}, "it takes both"),
        (
            {"user": {"exec": {"command": "login", "interactiveMode": "Always"}}},
            "wants to ask a person",
        ),
        (
            {"user": {"exec": {"command": "no-such-program", "installHint": "Get it from x."}}},
            "is not installed. Get it from x.",
        ),
        ({"user": {"exec": {"args": ["x"]}}}, "exec section names no command"),
        ({"user": {"exec": {"command": "echo", "args": ['{"status": []}']}}}, "echo, which makes .* failed"),
        ({"user": {"exec": {"command": "echo", "args": ['{"status": {}}']}}}, "neither a token nor a cert"),
        ({"current-context": ""}, "has no current context; there are a"),
        ({"contexts": [], "current-context": ""}, "has no current context; there are none"),
        ({"context": {"user": "v"}}, "no user named 'v'; there are u"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(path, parts, says):
    with pytest.raises(ValueError, match=says):
        read_kubeconfig(write(path, **parts))


def test_a_program_is_told_of_the_cluster_if_it_wants_to_know(path, tmp_path):
    program = tmp_path / "login.py"
    program.write_text(
        "import json, os\n"
        "spec = json.loads(os.environ['KUBERNETES_EXEC_INFO'])['spec']\n"
        "print(json.dumps({'status': {'token': spec['cluster']['server']}}))\n"
    )
    plugin = {"command": sys.executable, "args": [str(program)], "provideClusterInfo": True}
    found = read_kubeconfig(write(path, user={"exec": plugin}))
    assert found.credentials.token == SERVER
    assert found.renew is not None


def test_a_context_alone_can_be_used_from_anywhere(path, tmp_path):
    other = {"name": "b", "context": {"cluster": "c", "user": "v", "namespace": "shop"}}
    users = [{"name": "v", "user": {"tokenFile": "token", "exec": {"command": "./login"}}}]
    content = yaml.safe_load(write(path, cluster={"certificate-authority": "ca.pem"}).read_text())
    content["contexts"].append(other)
    content["users"] += users
    path.write_text(json.dumps(content))
    found = minified(path, "b")
    assert found["current-context"] == "b"
    assert found["contexts"] == [other]
    assert found["users"][0]["user"]["tokenFile"] == str(tmp_path / "token")
    assert found["users"][0]["user"]["exec"]["command"] == str(tmp_path / "login")
    assert found["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.pem")


def test_one_file_is_enough_where_it_means_what_is_asked_for(path):
    write(path)
    assert is_plain(path, "")
    assert is_plain([path], "a")
    assert not is_plain(path, "b")
    assert not is_plain([path, path], "")
    assert stat.S_ISREG(path.stat().st_mode)
