"""Who vouches for a mail's sender: what the owner's own mail server wrote about SPF, DKIM and DMARC.

Anybody can write an Authentication-Results header (RFC 8601). One counts only when it names a server that the
mailbox's `trust:` names, and of these only the topmost group: the server adds its own above what it received, and
removes what pretends to be its own (RFC 8601 section 5). The group ends at the next Received header, where the mail
of the server before begins. In it, the first header that tells of a method is believed.

A pass says which domain passed, and that proves nothing of From unless the domains belong together (RFC 7489
section 3.1): here the same domain, or one that From's domain lies under. Siblings do not count, since without the
list of public suffixes nobody knows whether two domains have one owner. DMARC's own pass stands by itself, and its
fail outweighs every other pass.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from engine.event import MailArrived
from engine.rules.when.domain import as_carried

#: What can be asked for, from the strongest.
METHODS = ("dmarc", "dkim", "spf")
#: Characters of one header that are read, and headers of one group.
_MOST_LENGTH = 8_000
_MOST_HEADERS = 20
#: Characters of a From that is read at all.
_MOST_FROM = 1_000

_PIECES = re.compile(r'"(?:\\.|[^"\\])*"|[;()\\]|[^";()\\]+|"', re.DOTALL)
_RESULT = re.compile(r"([A-Za-z][\w-]{0,40})(?:\s*/\s*[0-9]{1,9})?\s*=\s*([A-Za-z]{1,30})", re.ASCII)
_PROPERTY = re.compile(r"\b([A-Za-z]{1,20})\s*\.\s*([\w-]{1,40})\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.ASCII)


class Result(NamedTuple):
    """What was found with one method (RFC 8601 section 2.2, resinfo)."""

    method: str
    verdict: str
    properties: tuple[tuple[str, str], ...] = ()
    """(``header.d``, value) of each property."""


class Results(NamedTuple):
    """One Authentication-Results header."""

    server: str
    """Its authserv-id, in small letters."""
    results: tuple[Result, ...] = ()


def read_results(header: str) -> Results:
    """Read the value of an Authentication-Results header. What it cannot read it leaves out; it never raises."""
    first, *rest = _split(header[:_MOST_LENGTH])
    words = first.split()
    return Results(words[0].strip('"').lower() if words else "", tuple(filter(None, map(_read_result, rest))))


def verified(mail: MailArrived) -> frozenset[str]:
    """By which of METHODS the domain in From is proven; none when nobody trusted says so."""
    domain = _author(mail)
    if not mail.trusted or not domain:
        return frozenset()
    results = list(_trusted(mail))
    dmarc = [each.verdict for each in results if each.method == "dmarc"]
    if dmarc and "pass" not in dmarc and "fail" in dmarc:
        return frozenset()
    return frozenset(each.method for each in results if each.verdict == "pass" and _proves(each, domain))


def _split(header: str) -> list[str]:
    """The pieces between semicolons, without comments (RFC 5322 section 3.2.2), in linear time."""
    pieces: list[list[str]] = [[]]
    depth, escaped = 0, False
    for piece in _PIECES.findall(header):
        if escaped:
            escaped = False
            if piece in "();\\":
                continue
        if piece == "\\":
            escaped = True
        elif piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif piece == ";":
            pieces.append([])
        else:
            pieces[-1].append(piece)
    return [" ".join(piece).strip() for piece in pieces]


def _read_result(text: str) -> Result | None:
    form = _RESULT.match(text)
    if form is None:
        return None
    properties = tuple(
        (f"{kind}.{name}".lower(), value.strip('"').lower()) for kind, name, value in _PROPERTY.findall(text)
    )
    return Result(form[1].lower(), form[2].lower(), properties)


def _trusted(mail: MailArrived) -> Iterator[Result]:
    """What the topmost trusted server says, of each method only what its first header says."""
    trusted = frozenset(name.strip().lower() for name in mail.trusted)
    server = ""
    told: set[str] = set()
    read = 0
    for name, value in mail.headers:
        name = name.lower()
        if name == "received" and server:
            return
        if name != "authentication-results":
            continue
        read += 1
        if read > _MOST_HEADERS:
            return
        results = read_results(value)
        if results.server not in trusted or (server and results.server != server):
            continue
        server = results.server
        yield from (each for each in results.results if each.method not in told)
        told |= {each.method for each in results.results}


def _author(mail: MailArrived) -> str:
    """The domain of From; nothing unless there is one From with one address in it (RFC 7489 section 6.6.1)."""
    told = [value for name, value in mail.headers if name.lower() == "from"]
    if mail.sender is None or len(told) != 1 or len(told[0]) > _MOST_FROM:
        return ""
    address = mail.sender.address
    # what the rules see as the sender must be what the server looked at
    return as_carried(address.rpartition("@")[2]) if set(_addresses(told[0])) == {address} else ""


def _addresses(text: str) -> list[str]:
    """The addresses in a header: in angle brackets, where there are any."""
    bare = re.sub(r'"[^"]*"', " ", text.lower())
    return re.findall(r"<([^<>\s]*@[^<>\s]*)>", bare) or re.findall(r"[^\s<>,;()]+@[^\s<>,;()]+", bare)


def _proves(result: Result, domain: str) -> bool:
    """Whether this pass is one of the domain in From."""
    told = dict(reversed(result.properties))
    match result.method:
        case "dmarc":
            return "header.from" not in told or _vouches(told["header.from"], domain)
        case "dkim":
            signer = told.get("header.d") or told.get("header.i", "")
            return _vouches(signer, domain)
        case "spf":
            return _vouches(told.get("smtp.mailfrom", ""), domain)
    return False


def _vouches(told: str, domain: str) -> bool:
    """Whether an address or a domain that passed is `domain`, or one that it lies under and that is no bare TLD."""
    passed = as_carried(told.rpartition("@")[2].rstrip(".").strip("<>"))
    return "." in passed and (domain == passed or domain.endswith(f".{passed}"))
