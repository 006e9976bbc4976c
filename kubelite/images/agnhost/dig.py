"""`dig`, as far as scripts ask it.

Source: dig(1) of BIND 9.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Final

import attrs

from kubelite.images.busybox.network import nameservers, query_dns, search_names
from kubelite.images.shell.process import Process

NO_REPLY: Final = 9
"""The exit status if no server answered."""
_SWITCHES: Final = {
    "search": "search", "short": "short", "tcp": "tcp", "vc": "tcp",
    "all": "all", "answer": "answer", "comments": "comments",
}  # fmt: skip
_TYPES: Final = frozenset({"A", "AAAA", "ANY", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"})


@attrs.define
class Question:
    """The command line, read."""

    name: str = ""
    kind: str = "A"
    server: str = ""
    search: bool = False
    short: bool = False
    tcp: bool = False
    all: bool = True
    answer: bool = False
    comments: bool = False
    seconds: float = 5.0


def parse(args: list[str]) -> Question:
    """Read `[@SERVER] [+search] [+short] [+tcp] [+noall +answer] [-t TYPE] [-x ADDRESS] NAME [TYPE]`.

    The rest is ignored.

    Raises:
        ValueError: A number or an address is none.
    """
    question, words = Question(), iter(args)
    for word in words:
        name, _, value = word.partition("=")
        if word.startswith("@"):
            question.server = word[1:]
        elif word.startswith("+") and word[1:].removeprefix("no") in _SWITCHES:
            setattr(question, _SWITCHES[word[1:].removeprefix("no")], not word.startswith("+no"))
        elif name in {"+time", "+timeout"}:
            question.seconds = max(1.0, float(value))
        elif word == "-t":
            question.kind = next(words, "A").upper()
        elif word == "-x":
            question.name, question.kind = ipaddress.ip_address(next(words, "")).reverse_pointer, "PTR"
        elif word.startswith(("+", "-")) or word.upper() == "IN":
            continue
        elif word.upper() in _TYPES and question.name:
            question.kind = word.upper()
        else:
            question.name = word
    return question


async def dig(process: Process) -> int:
    """Asks the name server and shows its answer; NXDOMAIN is an answer too."""
    try:
        question = parse(list(process.argv[1:]))
    except ValueError as error:
        await process.err(f"dig: {error}\n")
        return 1
    servers, search, dots = nameservers(process)
    server = question.server or (servers[0] if servers else "127.0.0.1")
    names = search_names(question.name, search, dots) if question.search else [question.name or "."]
    try:
        async with process.container.clock.timeout(question.seconds):
            answer = await _ask(process, server, names, question)
    except (TimeoutError, OSError, EOFError):
        await process.out(
            f";; communications error to {server}#53: timed out\n;; no servers could be reached\n"
        )
        return NO_REPLY
    if not question.all:
        if question.comments:
            await process.out(
                ";; Got answer:\n" + "".join(f"{line}\n" for line in str(answer).split("\n")[:2])
            )
        await process.out("".join(f"{record_line(record)}\n" for record in answer.rr if question.answer))
    elif question.short:
        await process.out("".join(f"{record.rdata}\n" for record in answer.rr))
    else:
        await process.out(
            f"\n; <<>> DiG <<>> {' '.join(process.argv[1:])}\n{answer}\n\n;; SERVER: {server}#53\n"
        )
    return 0


def record_line(record: Any) -> str:
    """A record as zone files have it."""
    import dnslib  # noqa: PLC0415 - only who looks names up pays for it

    kind = dnslib.QTYPE[record.rtype]
    return f"{record.rname}\t{record.ttl}\t{dnslib.CLASS[record.rclass]}\t{kind}\t{record.rdata}"


async def _ask(process: Process, server: str, names: list[str], question: Question) -> Any:
    """The first answer that has records; else one that knows the name, else the last."""
    best, network = None, None if question.tcp else process.container.network
    for name in names:
        answer = await query_dns(server, name, question.kind, network=network)
        if answer.rr:
            return answer
        if best is None or best.header.rcode:
            best = answer
    return best
