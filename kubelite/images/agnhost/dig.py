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
_TYPES: Final = frozenset({"A", "AAAA", "ANY", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"})


@attrs.define
class Question:
    """The command line, read."""

    name: str = ""
    kind: str = "A"
    server: str = ""
    search: bool = False
    short: bool = False
    seconds: float = 5.0


def parse(args: list[str]) -> Question:
    """Read `[@SERVER] [+search] [+short] [+time=S] [-t TYPE] [-x ADDRESS] NAME [TYPE]`; the rest is ignored.

    Raises:
        ValueError: A number or an address is none.
    """
    question, words = Question(), iter(args)
    for word in words:
        name, _, value = word.partition("=")
        if word.startswith("@"):
            question.server = word[1:]
        elif name in {"+search", "+nosearch"}:
            question.search = name == "+search"
        elif name in {"+short", "+noshort"}:
            question.short = name == "+short"
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
            answer = await _ask(server, names, question.kind)
    except (TimeoutError, OSError, EOFError):
        await process.out(
            f";; communications error to {server}#53: timed out\n;; no servers could be reached\n"
        )
        return NO_REPLY
    if question.short:
        await process.out("".join(f"{record.rdata}\n" for record in answer.rr))
    else:
        await process.out(
            f"\n; <<>> DiG <<>> {' '.join(process.argv[1:])}\n{answer}\n\n;; SERVER: {server}#53\n"
        )
    return 0


async def _ask(server: str, names: list[str], kind: str) -> Any:
    """The first answer that has records; else one that knows the name, else the last."""
    best = None
    for name in names:
        answer = await query_dns(server, name, kind)
        if answer.rr:
            return answer
        if best is None or best.header.rcode:
            best = answer
    return best
