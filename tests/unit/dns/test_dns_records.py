"""Names of the cluster: records, wire answers, the search path of pods."""

import socket

import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.dns import ClusterResolver, Zone, refuse_outside
from kubelite.dns.answers import Answerer
from kubelite.dns.records import plan_service_records
from kubelite.dns.resolver import candidates
from kubelite.dns.server import DNSServer

DOMAIN, SEARCH = "cluster.local", ("default.svc.cluster.local", "svc.cluster.local", "cluster.local")


def make_service(name, **spec):
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


@pytest.fixture
def zone():
    made = Zone(DOMAIN)
    made.namespaces.add("default")
    web = make_service(
        "web",
        clusterIP="10.0.0.9",
        clusterIPs=["10.0.0.9"],
        ports=[{"name": "http", "port": 80}, {"port": 81}],
    )
    slices = [
        {
            "ports": [{"name": "peer", "port": 7000, "protocol": "TCP"}],
            "endpoints": [
                {"addresses": ["10.1.0.1"], "hostname": "db-0", "conditions": {"ready": True}},
                {"addresses": ["10.1.0.2"], "conditions": {"ready": True}},
                {"addresses": ["10.1.0.3"], "hostname": "db-2", "conditions": {"ready": False}},
            ],
        }
    ]
    db = make_service("db", clusterIP="None", clusterIPs=["None"], ports=[{"name": "peer", "port": 7000}])
    away = make_service("away", type="ExternalName", externalName="Example.com.")
    alias = make_service("alias", type="ExternalName", externalName="web.default.svc.cluster.local")
    for service, its in ((web, []), (db, slices), (away, []), (alias, [])):
        made.replace(f"default/{service['metadata']['name']}", plan_service_records(service, its, DOMAIN))
    return made


def ask(zone, name, kind="A", **options):
    data = Answerer(zone).answer(dnslib.DNSRecord.question(name, kind).pack(), **options)
    reply = dnslib.DNSRecord.parse(data)
    return dnslib.RCODE[reply.header.rcode], [str(each.rdata).rstrip(".") for each in reply.rr], reply


async def test_cluster_ip_and_case(zone):
    code, data, reply = ask(zone, "WEB.default.svc.Cluster.Local")
    assert (code, data) == ("NOERROR", ["10.0.0.9"])
    assert str(reply.q.qname) == "WEB.default.svc.Cluster.Local."


async def test_absent_names_and_absent_types(zone):
    code, data, reply = ask(zone, "nothing.default.svc.cluster.local")
    assert (code, data, reply.auth[0].ttl) == ("NXDOMAIN", [], 30)
    assert reply.auth[0].rtype == dnslib.QTYPE.SOA
    code, data, reply = ask(zone, "web.default.svc.cluster.local", "AAAA")
    assert (code, data, len(reply.auth)) == ("NOERROR", [], 1)


async def test_headless_names(zone):
    assert sorted(ask(zone, "db.default.svc.cluster.local")[1]) == ["10.1.0.1", "10.1.0.2"]
    assert ask(zone, "db-0.db.default.svc.cluster.local")[1] == ["10.1.0.1"]
    assert ask(zone, "10-1-0-2.db.default.svc.cluster.local")[1] == ["10.1.0.2"]
    assert ask(zone, "db-2.db.default.svc.cluster.local")[0] == "NXDOMAIN"


async def test_srv(zone):
    assert ask(zone, "_http._tcp.web.default.svc.cluster.local", "SRV")[1] == [
        "0 100 80 web.default.svc.cluster.local"
    ]
    _, data, reply = ask(zone, "_peer._tcp.db.default.svc.cluster.local", "SRV")
    assert sorted(data) == [
        "0 50 7000 10-1-0-2.db.default.svc.cluster.local",
        "0 50 7000 db-0.db.default.svc.cluster.local",
    ], "the weights are shares"
    assert {(str(each.rname), str(each.rdata)) for each in reply.ar} == {
        ("10-1-0-2.db.default.svc.cluster.local.", "10.1.0.2"),
        ("db-0.db.default.svc.cluster.local.", "10.1.0.1"),
    }


async def test_the_name_of_a_service_has_all_its_ports(zone):
    assert ask(zone, "web.default.svc.cluster.local", "SRV")[1] == [
        "0 50 80 web.default.svc.cluster.local",
        "0 50 81 web.default.svc.cluster.local",
    ]
    assert len(ask(zone, "db.default.svc.cluster.local", "SRV")[1]) == 2


async def test_names_between_are_there_without_records(zone):
    for name in ("cluster.local", "pod.cluster.local", "default.pod.cluster.local", "svc.cluster.local"):
        assert ask(zone, name)[0] == "NOERROR"
    assert ask(zone, "nowhere.svc.cluster.local")[0] == "NXDOMAIN"
    assert len(ask(zone, "cluster.local", "SOA")[1]) == 1
    assert ask(zone, "web.default.svc.cluster.local", "SOA")[1] == []


async def test_slices_of_names_have_no_addresses(zone):
    service = make_service("names", clusterIP="None")
    slices = [{"addressType": "FQDN", "endpoints": [{"addresses": ["example.com"]}], "ports": []}]
    assert list(plan_service_records(service, slices, DOMAIN)) == []


async def test_several_addresses_take_turns(zone):
    answerer = Answerer(zone)
    question = dnslib.DNSRecord.question("db.default.svc.cluster.local").pack()
    firsts = [str(dnslib.DNSRecord.parse(answerer.answer(question)).rr[0].rdata) for _ in range(4)]
    assert sorted(firsts) == ["10.1.0.1", "10.1.0.1", "10.1.0.2", "10.1.0.2"]
    pods = ClusterResolver(zone, SEARCH, refuse_outside)
    first = [(await pods.with_search(SEARCH).resolve("db"))[0] for _ in range(4)]
    assert first == ["10.1.0.1", "10.1.0.2"] * 2


async def test_ptr_txt_and_pod_names(zone):
    assert ask(zone, "9.0.0.10.in-addr.arpa", "PTR")[1] == ["web.default.svc.cluster.local"]
    assert ask(zone, "1.0.1.10.in-addr.arpa", "PTR")[1] == ["db-0.db.default.svc.cluster.local"]
    assert ask(zone, "dns-version.cluster.local", "TXT")[1] == ['"1.1.0"']
    assert ask(zone, "10-9-8-7.default.pod.cluster.local")[1] == ["10.9.8.7"]
    assert ask(zone, "10-9-8-7.nowhere.pod.cluster.local")[0] == "NXDOMAIN"


async def test_external_name_comes_first_and_is_followed(zone):
    assert ask(zone, "away.default.svc.cluster.local", "CNAME")[1] == ["example.com"]
    assert ask(zone, "alias.default.svc.cluster.local")[1] == ["web.default.svc.cluster.local", "10.0.0.9"]


async def test_names_of_others_are_not_answered(zone):
    assert Answerer(zone).answer(dnslib.DNSRecord.question("example.com").pack()) is None


async def test_a_long_answer_is_cut_for_udp_unless_the_client_takes_it(zone):
    many = {"endpoints": [{"addresses": [f"10.2.0.{n}"]} for n in range(1, 120)], "ports": []}
    service = make_service("many", clusterIP="None")
    zone.replace("default/many", plan_service_records(service, [many], DOMAIN))
    name = "many.default.svc.cluster.local"
    assert ask(zone, name, size_max=512)[2].header.tc == 1
    assert len(ask(zone, name)[1]) == 119
    question = dnslib.DNSRecord.question(name)
    question.add_ar(dnslib.EDNS0(udp_len=4096))
    assert dnslib.DNSRecord.parse(Answerer(zone).answer(question.pack(), size_max=512)).header.tc == 0


@given(st.lists(st.binary(min_size=1, max_size=63), max_size=3), st.integers(0, 70_000))
def test_any_label_and_kind_is_answered(labels, kind):
    name = b"".join(bytes([len(each)]) + each for each in (*labels, b"cluster", b"local")) + b"\0"
    query = b"\x00\x01\x01\x00\x00\x01" + b"\x00" * 6 + name + (kind % 65_536).to_bytes(2, "big") + b"\0\1"
    answer = Answerer(Zone(DOMAIN)).answer(query)
    assert answer is not None
    assert answer[12 : 12 + len(name)] == name
    plain = b"".join(bytes([len(each)]) + b"x" * len(each) for each in labels)
    dnslib.DNSRecord.parse(answer[:12] + plain + answer[12 + len(plain) :])


@pytest.mark.parametrize("query", [b"", b"\x00" * 5, b"\x00\x01\x01\x00\x00\x01" + b"\x00" * 6 + b"\x3fabc"])
async def test_malformed_questions_do_no_harm(zone, query):
    assert Answerer(zone).answer(query) is not None


async def test_removal_and_change_are_seen_at_once(zone):
    answerer = Answerer(zone)
    question = dnslib.DNSRecord.question("web.default.svc.cluster.local").pack()
    assert dnslib.DNSRecord.parse(answerer.answer(question)).rr
    zone.replace("default/web", ())
    assert dnslib.DNSRecord.parse(answerer.answer(question)).header.rcode == 3


async def test_the_order_of_candidates():
    assert list(candidates("web", SEARCH)) == [*(f"web.{each}" for each in SEARCH), "web"]
    assert list(candidates("a.b.c.d.e.f", SEARCH))[0] == "a.b.c.d.e.f"
    assert list(candidates("web.", SEARCH)) == ["web"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("web", ["10.0.0.9"]),
        ("web.default", ["10.0.0.9"]),
        ("web.default.svc", ["10.0.0.9"]),
        ("Web.default.svc.cluster.local.", ["10.0.0.9"]),
        ("alias", ["10.0.0.9"]),
    ],
)
async def test_partial_names(zone, name, found):
    assert await ClusterResolver(zone, SEARCH, refuse_outside).resolve(name) == found


async def test_names_outside_are_forwarded_and_unknown_ones_are_not(zone):
    asked = []

    async def outside(name):
        asked.append(name)
        return ["192.0.2.1"]

    resolver = ClusterResolver(zone, SEARCH, outside)
    assert await resolver.resolve("example.com") == ["192.0.2.1"]
    assert await resolver.resolve("away") == ["192.0.2.1"]
    with pytest.raises(socket.gaierror):
        await resolver.resolve("web.nowhere.svc.cluster.local")
    assert asked == ["example.com", "example.com"]
    with pytest.raises(socket.gaierror, match="virtual"):
        await ClusterResolver(zone, SEARCH, refuse_outside).resolve("example.com")


async def test_a_search_path_may_lead_outside(zone):
    asked = []

    async def outside(name):
        asked.append(name)
        if name == "db.corp.example":
            return ["192.0.2.1"]
        raise socket.gaierror(socket.EAI_NONAME, "no")

    resolver = ClusterResolver(zone, SEARCH, outside).with_search(("corp.example", *SEARCH), 2)
    assert await resolver.resolve("db") == ["192.0.2.1"], "as the search path has it"
    assert await resolver.resolve("web") == ["10.0.0.9"]
    with pytest.raises(socket.gaierror):
        await resolver.resolve("nothing")
    assert asked == ["db.corp.example", "web.corp.example", "nothing.corp.example"]


@pytest.mark.parametrize("labels", [[b"x" * 64], [b"x" * 191], [b"x" * 60] * 4])
def test_names_that_cannot_be_are_refused(zone, labels):
    labels = [*labels, *(each.encode() for each in DOMAIN.split("."))]
    name = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    query = b"\0\7\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"
    answer = Answerer(zone).answer(query)
    assert (answer[:2], answer[3] & 15) == (b"\0\7", 1), "FORMERR"


async def test_a_name_that_cannot_be_asked_for_outside_does_not_stop_the_server(zone):
    async def outside(name):
        raise UnicodeError("encoding with 'idna' codec failed")

    server = DNSServer(zone=zone, informers=None, fabric=None, address="", outside=outside)
    replies = []
    await server._forward(dnslib.DNSRecord.question("odd.example.com").pack(), replies.append)
    assert dnslib.DNSRecord.parse(replies[0]).header.rcode == 3, "NXDOMAIN"
