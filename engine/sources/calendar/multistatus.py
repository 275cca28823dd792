"""The answers of a WebDAV server (RFC 4918 section 14.16), read without trusting it.

Expat alone, with a handler a tag: no document type, so no entities, so nothing that grows.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.parsers import expat

_DAV, _CALDAV, _SERVER = "DAV: ", "urn:ietf:params:xml:ns:caldav ", "http://calendarserver.org/ns/ "
#: Deeper than any property nests.
_MOST_DEPTH = 32


@dataclass
class Member:
    """One response. `status` is 0 where only its properties have one."""

    href: str = ""
    """Its path on the server, as the server writes it."""
    status: int = 0
    etag: str = ""
    text: str = ""
    """calendar-data."""
    ctag: str = ""
    is_collection: bool = False


@dataclass
class Multistatus:
    """All responses, and the token of a sync-collection."""

    members: list[Member] = field(default_factory=list)
    token: str = ""


def read_multistatus(body: bytes) -> Multistatus:
    """Read an answer. Raises ValueError when it is none."""
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError(f"not well-formed XML, line {error.lineno}") from None
    except LookupError:
        raise ValueError("an encoding that nobody knows") from None
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found = Multistatus()
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._hear
        self._open: list[str] = []
        self._said: list[str] = []

    def _refuse(self, *_: object) -> None:
        raise ValueError("a document type, which no server needs")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if not self._open and name != _DAV + "multistatus":
            raise ValueError("no answer of a WebDAV server")
        if len(self._open) >= _MOST_DEPTH:
            raise ValueError("tags inside tags without end")
        self._open.append(name)
        self._said.clear()
        if name == _DAV + "response":
            self.found.members.append(Member())
        elif name == _DAV + "collection" and self.found.members:
            self.found.members[-1].is_collection = True

    def _hear(self, text: str) -> None:
        self._said.append(text)

    def _end(self, name: str) -> None:
        self._open.pop()
        above = self._open[-1] if self._open else ""
        said = "".join(self._said)
        self._said.clear()
        if name == _DAV + "sync-token" and above == _DAV + "multistatus":
            self.found.token = said.strip()
        if not self.found.members:
            return
        member = self.found.members[-1]
        if name == _DAV + "href" and above == _DAV + "response":
            member.href = urlsplit(said.strip()).path
        elif name == _DAV + "status" and above == _DAV + "response":
            member.status = _status(said)
        elif name == _DAV + "getetag":
            member.etag = said.strip()
        elif name == _CALDAV + "calendar-data":
            member.text = said
        elif name == _SERVER + "getctag":
            member.ctag = said.strip()


def _status(line: str) -> int:
    words = line.split()
    return int(words[1]) if len(words) > 1 and words[1].isascii() and words[1].isdecimal() else 0
