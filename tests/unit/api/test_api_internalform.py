"""Structs as they stand in the texts of errors."""

import pytest

from kubelite.api import facts
from kubelite.api.internalform import internal_form
from kubelite.api.internaltypes import NAMES, OF_THE_HOST, ORDER

ELSEWHERE = {"api.core.v1.PodSpec": {"serviceAccount", *OF_THE_HOST}}
"""Fields that an internal type does not have."""


def fields_of(index):
    return {field for field, *_ in facts.split_fields(facts.type_text(index))}


@pytest.mark.parametrize("name", ORDER)
def test_a_type_in_an_order_of_its_own_has_all_its_fields(name):
    known = fields_of(facts.index_of_type(name))
    assert set(ORDER[name]) == known - ELSEWHERE.get(name, set())
    assert len(set(ORDER[name])) == len(ORDER[name])


def test_only_fields_that_exist_have_names_of_their_own():
    structs = [index for index in range(facts.type_count()) if not facts.type_text(index).startswith("=")]
    assert set(NAMES) <= set().union(*map(fields_of, structs))


def test_a_template_shows_its_metadata_among_its_own_fields():
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}}
    shown = internal_form("api.core.v1.PodTemplateSpec", template)
    assert list(shown) == ["labels", "Spec"]
    assert shown["labels"] == {"a": "b"}


def test_what_a_pod_shares_with_its_host_is_part_of_its_security_context():
    spec = {"hostNetwork": True, "hostUsers": False, "serviceAccount": "s", "dnsPolicy": "None"}
    shown = internal_form("api.core.v1.PodSpec", {**spec, "securityContext": {"fsGroup": 1}})
    assert "HostNetwork" not in shown
    assert "ServiceAccount" not in shown
    assert shown["DNSPolicy"] == "None"
    context = shown["SecurityContext"]
    assert list(context)[:6] == [
        "HostNetwork",
        "HostPID",
        "HostIPC",
        "ShareProcessNamespace",
        "HostUsers",
        "SELinuxOptions",
    ]
    assert (context["HostNetwork"], context["HostPID"], context["HostUsers"]) == (True, False, False)
    assert (context["ShareProcessNamespace"], context["FSGroup"]) == (None, 1)


def test_a_container_leaves_nothing_out():
    probe = {"httpGet": {"port": 80}}
    container = {"name": "c", "image": "i", "livenessProbe": probe, "env": [{"name": "A", "value": "b"}]}
    shown = internal_form("api.core.v1.Container", container)
    assert shown["Resources"] == {"Limits": None, "Requests": None, "Claims": None}
    assert shown["Env"] == [{"Name": "A", "Value": "b", "ValueFrom": None}]
    assert shown["LivenessProbe"]["HTTPGet"]["HTTPHeaders"] is None
    assert list(shown)[5:9] == ["Ports", "EnvFrom", "Env", "Resources"]
    assert (shown["TTY"], shown["RestartPolicy"], shown["TerminationMessagePath"]) == (False, None, "")
