"""Questions in wire format to answers in wire format.

Answers are kept by name and kind until the zone changes, so that the usual question costs one look-up and a
copy. The name of the question is copied as it came: case is ignored, and kept.

Source: RFC 1035, RFC 2308 (negative answers), RFC 6891 (EDNS).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

from kubelite.dns.records import NEGATIVE_TTL_S, TTL_S, Record, Zone

UDP_BYTES: Final = 512
EDNS_BYTES_MAX: Final = 4096
CACHE_MAX: Final = 10_000
_CNAMES_MAX: Final = 8
_HEADER: Final = struct.Struct(">HHHHHH")
_TRUNCATED, _RECURSION_DESIRED = 0x0200, 0x0100
REFUSED, NXDOMAIN, FORMERR, NOTIMP = 5, 3, 1, 4


class Answerer:
    """Answers from a zone."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._generation = -1
        self._cache: dict[tuple[bytes, bytes], tuple[bytes, bytes] | None] = {}
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
        while end < len(query) and query[end]:
            end += query[end] + 1
        name, kind = query[_HEADER.size : end + 1], query[end + 1 : end + 5]
        if len(kind) < 4:
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
        header, body = found
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

    def _make(self, name: bytes, kind: bytes) -> tuple[bytes, bytes] | None:
        """Header behind the identifier, and all behind the question; None for names of others."""
        import dnslib  # noqa: PLC0415 - only who is asked pays for it

        text = _text(name)
        lower = text.lower()
        if not self._zone.is_authoritative(lower):
            return None
        kind_name = dnslib.QTYPE.get(struct.unpack(">H", kind[:2])[0])
        found = self._zone.find(lower, str(kind_name))
        reply = dnslib.DNSRecord(
            dnslib.DNSHeader(qr=1, aa=1, ra=1),
            q=dnslib.DNSQuestion(text, dnslib.QTYPE.reverse.get(kind_name, 255)),
        )
        for record in self._with_aliases(found or (), str(kind_name)):
            reply.add_answer(_resource(dnslib, record, text if record.name == lower else record.name))
        if found is None:
            reply.header.rcode = NXDOMAIN
        if not reply.rr:
            reply.add_auth(_authority(dnslib, self._zone.domain))
        packed = reply.pack()
        return packed[2:12], packed[12 + len(name) + 4 :]

    def _with_aliases(self, records: Sequence[Record], kind: str) -> list[Record]:
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

    def alias_of(self, name: str) -> str | None:
        """The name outside of the zone that a name of the zone stands for."""
        records = self._zone.find(name.lower().rstrip("."), "CNAME") or ()
        return next((each.data for each in records if each.kind == "CNAME"), None)


def _text(name: bytes) -> str:
    labels, at = [], 0
    while at < len(name) and name[at]:
        labels.append(name[at + 1 : at + 1 + name[at]].decode("latin-1"))
        at += name[at] + 1
    return ".".join(labels)


def _resource(dnslib: Any, record: Record, owner: str) -> Any:
    data = {
        "A": lambda: dnslib.A(record.data),
        "AAAA": lambda: dnslib.AAAA(record.data),
        "CNAME": lambda: dnslib.CNAME(record.data),
        "PTR": lambda: dnslib.PTR(record.data),
        "TXT": lambda: dnslib.TXT(record.data),
        "SRV": lambda: dnslib.SRV(0, 100, record.port, record.data),
    }[record.kind]()
    return dnslib.RR(owner, getattr(dnslib.QTYPE, record.kind), rdata=data, ttl=TTL_S)


def _authority(dnslib: Any, domain: str) -> Any:
    soa = dnslib.SOA(f"ns.dns.{domain}", f"hostmaster.{domain}", (1, 7200, 1800, 86400, NEGATIVE_TTL_S))
    return dnslib.RR(domain, dnslib.QTYPE.SOA, rdata=soa, ttl=NEGATIVE_TTL_S)
