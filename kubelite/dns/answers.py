"""Questions in wire format to answers in wire format.

Answers are kept by name and kind until the zone changes, so that the usual question costs one look-up and a
copy. The name of the question is copied as it came: case is ignored, and kept. Several addresses take turns
at the first place, as CoreDNS' loadbalance has it.

Source: https://github.com/coredns/coredns (plugin/backend_lookup.go, plugin/kubernetes), RFC 1035, RFC 2308
(negative answers), RFC 6891 (EDNS).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from kubelite.dns.records import NEGATIVE_TTL_S, TTL_S, Record, Zone

UDP_BYTES: Final = 512
EDNS_BYTES_MAX: Final = 4096
LABEL_BYTES_MAX: Final = 63
NAME_BYTES_MAX: Final = 255
CACHE_MAX: Final = 10_000
_CNAMES_MAX: Final = 8
_ADDRESSES: Final = ("A", "AAAA")
_SIZES: Final = {"A": 16, "AAAA": 28}
"""Bytes of a record whose owner is the name of the question."""
_PLAIN: Final = re.compile(rb"[A-Za-z0-9_-]+")
_HEADER: Final = struct.Struct(">HHHHHH")
_TRUNCATED, _RECURSION_DESIRED = 0x0200, 0x0100
REFUSED, NXDOMAIN, FORMERR, NOTIMP = 5, 3, 1, 4


class _Answer(NamedTuple):
    """What follows the identifier, and what follows the question.

    Attributes:
        step: The size of each of the records, if these are addresses of one kind that take turns; else 0.
    """

    header: bytes
    body: bytes
    step: int


class Answerer:
    """Answers from a zone."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._generation = -1
        self._cache: dict[tuple[bytes, bytes], _Answer | None] = {}
        self.queries = 0

    def answer(self, query: bytes, *, size_max: int | None = None) -> bytes | None:
        """The answer; None if the name is not the cluster's, so that somebody else must be asked.

        Args:
            query: As it came.
            size_max: Bytes that fit; None for TCP. A longer answer is cut and says so.
        """
        self.queries += 1
        query = bytes(query)
        if len(query) < _HEADER.size:
            return b""
        identifier, flags, questions, _, _, _ = _HEADER.unpack_from(query)
        if questions != 1 or flags & 0x8000:
            return _HEADER.pack(identifier, 0x8000 | FORMERR, 0, 0, 0, 0)
        if flags & 0x7800:
            return _HEADER.pack(identifier, 0x8000 | flags & 0x7800 | NOTIMP, 0, 0, 0, 0)
        end = _HEADER.size
        too_long = False
        while end < len(query) and query[end]:
            too_long = too_long or query[end] > LABEL_BYTES_MAX
            end += query[end] + 1
        name, kind = query[_HEADER.size : end + 1], query[end + 1 : end + 5]
        if len(kind) < 4 or too_long or len(name) > NAME_BYTES_MAX:
            return _HEADER.pack(identifier, 0x8000 | FORMERR, 0, 0, 0, 0)
        if self._generation != self._zone.generation or len(self._cache) > CACHE_MAX:
            self._cache.clear()
            self._generation = self._zone.generation
        key = (name.lower(), kind)
        if key not in self._cache:
            self._cache[key] = self._make(name, kind)
        found = self._cache[key]
        if found is None:
            return None
        header, body, step = found
        if step:
            at = self.queries * step % len(body)
            body = body[at:] + body[:at]
        flags_out = struct.unpack(">H", header[:2])[0] | flags & _RECURSION_DESIRED
        answer = struct.pack(">HH", identifier, flags_out) + header[2:] + name + kind + body
        if size_max is not None and len(answer) > self._fits(query, end + 5, size_max):
            flags_out |= _TRUNCATED
            answer = _HEADER.pack(identifier, flags_out, 1, 0, 0, 0) + name + kind
        return answer

    @staticmethod
    def _fits(query: bytes, at: int, size_max: int) -> int:
        """The size that the client's EDNS record allows."""
        if len(query) >= at + 5 and query[at] == 0 and query[at + 1 : at + 3] == b"\x00\x29":
            return max(size_max, min(int.from_bytes(query[at + 3 : at + 5], "big"), EDNS_BYTES_MAX))
        return size_max

    def _make(self, name: bytes, kind: bytes) -> _Answer | None:
        """The answer; None if it is others', or needs theirs."""
        import dnslib  # noqa: PLC0415 - only who is asked pays for it

        text, is_plain = _text(name)
        lower = text.lower()
        if not self._zone.is_authoritative(lower):
            return None
        kind_name = str(dnslib.QTYPE.get(struct.unpack(">H", kind[:2])[0]))
        found = self._zone.find(lower, kind_name) if is_plain else None
        records = self.with_aliases(found or (), kind_name)
        if records and kind_name in _ADDRESSES and self._leads_outside(records[-1]):
            return None
        reply = dnslib.DNSRecord(
            dnslib.DNSHeader(qr=1, aa=1, ra=1, rcode=NXDOMAIN if found is None else 0),
            q=dnslib.DNSQuestion(text, dnslib.QTYPE.reverse.get(kind_name, 255)),
        )
        if kind_name == "SOA" and lower == self._zone.domain:
            reply.add_answer(_authority(dnslib, self._zone.domain))
        elif not records:
            reply.add_auth(_authority(dnslib, self._zone.domain))
        for each in self._addresses_of(records):
            reply.add_ar(_resource(dnslib, each, each.name, 0))
        weight = max(1, 100 // max(1, len(records)))
        for record in records:
            reply.add_answer(_resource(dnslib, record, text if record.name == lower else record.name, weight))
        packed = reply.pack()
        body = packed[12 + len(name) + 4 :]
        size = _SIZES.get(kind_name, 0)
        takes_turns = len(records) > 1 and len(body) == size * len(records)
        return _Answer(packed[2:12], body, size if takes_turns else 0)

    def _addresses_of(self, records: Sequence[Record]) -> Iterator[Record]:
        """The addresses of the targets of services, which clients ask for next."""
        for target in dict.fromkeys(each.data for each in records if each.kind == "SRV"):
            for kind in _ADDRESSES:
                yield from (each for each in self._zone.find(target, kind) or () if each.kind == kind)

    def _leads_outside(self, record: Record) -> bool:
        return record.kind == "CNAME" and not self._zone.is_authoritative(record.data)

    def way_outside(self, name: str) -> list[Record]:
        """The aliases that lead from a name to one outside of the zone; none for a name outside."""
        name = name.lower().rstrip(".")
        if not self._zone.is_authoritative(name):
            return []
        return self.with_aliases(self._zone.find(name, "A") or (), "A")

    def with_aliases(self, records: Sequence[Record], kind: str) -> list[Record]:
        """Records, and those of the names that they stand for."""
        made = list(records)
        for _ in range(_CNAMES_MAX):
            last = made[-1] if made else None
            if last is None or last.kind != "CNAME" or kind == "CNAME":
                break
            following = self._zone.find(last.data, kind)
            if not following:
                break
            made += following
        return made


def _text(name: bytes) -> tuple[str, bool]:
    """A name as text, and whether there can be such a one: else other letters stand in for its odd ones."""
    labels, at, is_plain = [], 0, True
    while at < len(name) and name[at]:
        label = name[at + 1 : at + 1 + name[at]]
        if _PLAIN.fullmatch(label):
            labels.append(label.decode())
        else:
            labels.append("x" * len(label))
            is_plain = False
        at += name[at] + 1
    return ".".join(labels), is_plain


def _resource(dnslib: Any, record: Record, owner: str, weight: int) -> Any:
    data = {
        "A": lambda: dnslib.A(record.data),
        "AAAA": lambda: dnslib.AAAA(record.data),
        "CNAME": lambda: dnslib.CNAME(record.data),
        "PTR": lambda: dnslib.PTR(record.data),
        "TXT": lambda: dnslib.TXT(record.data),
        "SRV": lambda: dnslib.SRV(0, weight, record.port, record.data),
    }[record.kind]()
    return dnslib.RR(owner, getattr(dnslib.QTYPE, record.kind), rdata=data, ttl=TTL_S)


def _authority(dnslib: Any, domain: str) -> Any:
    soa = dnslib.SOA(f"ns.dns.{domain}", f"hostmaster.{domain}", (1, 7200, 1800, 86400, NEGATIVE_TTL_S))
    return dnslib.RR(domain, dnslib.QTYPE.SOA, rdata=soa, ttl=NEGATIVE_TTL_S)
