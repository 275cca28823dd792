"""A small SMS centre (SMPP 3.4) on loopback: takes what a gateway submits, keeps it, and says what became of it."""

import asyncio
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.servers.pymap_server import free_port

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))
_BINDS = (0x01, 0x02, 0x09)
_SUBMIT, _DELIVER, _UNBIND, _ENQUIRE = 0x04, 0x05, 0x06, 0x15
_DATA = 0x103
_RESPONSE = 0x80000000
_PAYLOAD, _SAR_REFERENCE = 0x0424, 0x020C


@dataclass
class Part:
    """One submit_sm: one part of a message, as it would go on the air."""

    id: str
    sender: str
    to: str
    data: bytes
    coding: int
    reference: int | None = None
    """The number that the parts of a long message share."""
    total: int = 1
    place: int = 1
    reported: bool = False
    esm_class: int = 0
    priority: int = 0
    validity: str = ""
    tlvs: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Smsc:
    """Listens on a free port. `status` is what it answers to submit_sm; `final` what it reports afterwards."""

    parts: list[Part] = field(default_factory=list)
    status: int = 0
    """0 takes it; 0x0B is 'invalid destination address', 0x58 'throttled'."""
    final: str = "DELIVRD"
    """DELIVRD, UNDELIV, or nothing at all."""
    password: str = ""
    """Without it anybody may bind."""
    delay: float = 0.0
    """Seconds until a submit_sm is answered."""
    early: bool = False
    """A receipt comes before the answer to its message."""
    spell: Callable[[Part], str] = lambda part: part.id
    """How a receipt writes the id of a part."""
    next: list[dict[str, Any]] = field(default_factory=list)
    """What to do with the next submit_sm, one each: see `_answer`. {"do": "bind"} is for the next bind."""
    binds: list[int] = field(default_factory=list)
    """The command of each bind that was let in."""
    acknowledged: list[int] = field(default_factory=list)
    """The status of each answer to a deliver_sm or data_sm."""
    goodbyes: int = 0
    most_in_flight: int = 0
    port: int = field(default_factory=free_port)
    tls: ssl.SSLContext | None = None
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _bound: list[asyncio.StreamWriter] = field(default_factory=list)
    _sequence: int = 0
    _in_flight: int = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hang_up(self) -> None:
        """End every connection, and go on listening."""
        for writer in self._bound:
            writer.transport.abort()

    def send(self, command: int, body: bytes = b"") -> None:
        """A request of ours to whoever is bound."""
        self._sequence += 1
        _write(self._bound[-1], command, self._sequence, body)

    def send_raw(self, data: bytes) -> None:
        """Bytes to whoever is bound."""
        self._bound[-1].write(data)

    def deliver(self, sender: str, to: str, data: bytes, *, esm: int = 0, coding: int = 0, tlvs: bytes = b"") -> None:
        """A message from a phone, or what pretends to be a receipt."""
        self.send(_DELIVER, _deliver(sender, to, data, esm, coding, tlvs))

    def deliver_data(self, sender: str, to: str, data: bytes, *, esm: int = 0, tlvs: bytes = b"") -> None:
        """The same as data_sm."""
        addresses = b"\x01\x01" + sender.encode() + b"\0\x01\x01" + to.encode() + b"\0"
        payload = struct.pack(">HH", 0x0424, len(data)) + data
        self.send(_DATA, b"\0" + addresses + bytes([esm, 0, 0]) + payload + tlvs)

    def report(self, part: Part, final: str) -> None:
        """Say what became of a part."""
        text = _receipt(self.spell(part), final)
        self.deliver(part.to, part.sender, text, esm=4)

    def texts(self, to: str = "") -> list[str]:
        """What it took, long messages put together as a phone does it, in the order of their first parts."""
        whole: dict[object, list[Part]] = {}
        for part in self.parts:
            if to in ("", part.to):
                whole.setdefault(part.id if part.reference is None else (part.to, part.reference), []).append(part)
        return [_decode(sorted(parts, key=lambda part: part.place)) for parts in whole.values()]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                length, command, status, sequence = struct.unpack(">IIII", await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                if command in _BINDS:
                    self._bind(writer, command, sequence, body)
                elif command == _SUBMIT:
                    self._take(writer, sequence, body)
                elif command in (_ENQUIRE, _UNBIND):
                    self.goodbyes += command == _UNBIND
                    _write(writer, command | _RESPONSE, sequence)
                elif command in (_DELIVER | _RESPONSE, _DATA | _RESPONSE):
                    self.acknowledged.append(status)
                await writer.drain()
        except (OSError, EOFError):
            pass  # the gateway went away
        except asyncio.CancelledError:
            pass  # we stop
        finally:
            self._tasks.discard(task)
            writer.close()

    def _bind(self, writer: asyncio.StreamWriter, command: int, sequence: int, body: bytes) -> None:
        how = self.next.pop(0) if self.next and self.next[0]["do"] == "bind" else {}
        wrong = self.password and body.split(b"\0")[1].decode() != self.password
        status = how.get("status", 0x0E if wrong else 0)
        if status:
            _write(writer, command | _RESPONSE, sequence, status=status)
            return
        self._bound.append(writer)
        self.binds.append(command)
        _write(writer, command | _RESPONSE, sequence, b"smsc\0")

    def _take(self, writer: asyncio.StreamWriter, sequence: int, body: bytes) -> None:
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        how = self.next.pop(0) if self.next else {}
        part = None
        if not how.get("status", self.status) and how.get("do") != "drop_before":
            part = _parse(body, f"{len(self.parts) + 1:08X}")
            self.parts.append(part)
        delay = how.get("seconds", 0) if how.get("do") == "late" else self.delay
        if delay:
            asyncio.get_running_loop().call_later(delay, self._answer, writer, sequence, part, how)
        else:
            self._answer(writer, sequence, part, how)

    def _answer(self, writer: asyncio.StreamWriter, sequence: int, part: Part | None, how: dict[str, Any]) -> None:
        self._in_flight -= 1
        do = how.get("do")
        if do in ("drop_before", "drop_after"):
            writer.transport.abort()
        elif part is None:
            _write(writer, _SUBMIT | _RESPONSE, sequence, status=how.get("status", self.status))
        elif do == "garbage":
            _write(writer, _SUBMIT | _RESPONSE, sequence, how.get("body", b""))
        elif do != "silent":
            reported = part.reported and self.final
            if reported and self.early:
                self.report(part, self.final)
            _write(writer, _SUBMIT | _RESPONSE, sequence, f"{part.id}\0".encode())
            if reported and not self.early:
                self.report(part, self.final)


def _parse(body: bytes, id: str) -> Part:
    _, rest = body.split(b"\0", 1)  # service_type
    sender, rest = rest[2:].split(b"\0", 1)
    to, rest = rest[2:].split(b"\0", 1)
    esm_class, priority, rest = rest[0], rest[2], rest[3:]
    _, rest = rest.split(b"\0", 1)  # schedule_delivery_time
    validity, rest = rest.split(b"\0", 1)
    reported, coding, size = bool(rest[0] & 1), rest[2], rest[4]
    data, rest = rest[5 : 5 + size], rest[5 + size :]
    part = Part(id, sender.decode(), to.decode(), data, coding, reported=reported, esm_class=esm_class)
    part.validity, part.priority = validity.decode(), priority
    while rest:
        tag, length = struct.unpack(">HH", rest[:4])
        part.tlvs[tag], rest = rest[4 : 4 + length], rest[4 + length :]
    part.data = part.data or part.tlvs.get(_PAYLOAD, b"")
    if esm_class & 0x40:
        header, part.data = data[1 : 1 + data[0]], data[1 + data[0] :]
        if header[0] == 0:
            part.reference, part.total, part.place = header[2], header[3], header[4]
        elif header[0] == 8:
            part.reference, part.total, part.place = header[2] << 8 | header[3], header[4], header[5]
    elif _SAR_REFERENCE in part.tlvs:
        part.reference = int.from_bytes(part.tlvs[_SAR_REFERENCE], "big")
        part.total, part.place = part.tlvs[0x020E][0], part.tlvs[0x020F][0]
    return part


def _decode(parts: list[Part]) -> str:
    # Joined first: Kannel cuts a surrogate pair in two where a part is full.
    data = b"".join(part.data for part in parts)
    return data.decode("utf-16-be") if parts[0].coding == 8 else _septets(data)


def _septets(data: bytes) -> str:
    found, escaped = [], False
    for each in data:
        if escaped:
            found.append(_EXTENDED.get(each, "?"))
        elif each != 0x1B:
            found.append(_BASIC[each])
        escaped = each == 0x1B and not escaped
    return "".join(found)


def _receipt(id: str, final: str) -> bytes:
    now = datetime.now(UTC).strftime("%y%m%d%H%M")
    return f"id:{id} sub:001 dlvrd:001 submit date:{now} done date:{now} stat:{final} err:000 text:".encode()


def _deliver(sender: str, to: str, data: bytes, esm: int, coding: int, tlvs: bytes) -> bytes:
    addresses = b"\x01\x01" + sender.encode() + b"\0\x01\x01" + to.encode() + b"\0"
    return b"\0" + addresses + bytes([esm, 0, 0, 0, 0, 0, 0, coding, 0, len(data)]) + data + tlvs


def _write(writer: asyncio.StreamWriter, command: int, sequence: int, body: bytes = b"", *, status: int = 0) -> None:
    writer.write(struct.pack(">IIII", 16 + len(body), command, status, sequence) + body)
