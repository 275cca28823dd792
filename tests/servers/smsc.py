"""A small SMS centre (SMPP 3.4) on loopback: takes what a gateway submits, keeps it, and says what became of it."""

import asyncio
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))
_BINDS = (0x01, 0x02, 0x09)
_SUBMIT, _DELIVER, _UNBIND, _ENQUIRE = 0x04, 0x05, 0x06, 0x15
_RESPONSE = 0x80000000


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


@dataclass
class Smsc:
    """Listens on a free port. `status` is what it answers to submit_sm; `final` what it reports afterwards."""

    parts: list[Part] = field(default_factory=list)
    status: int = 0
    """0 takes it; 0x0B is 'invalid destination address', 0x58 'throttled'."""
    final: str = "DELIVRD"
    """DELIVRD, UNDELIV, or nothing at all."""
    port: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _sequence: int = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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
                length, command, _, sequence = struct.unpack(">IIII", await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                if command in _BINDS:
                    _write(writer, command | _RESPONSE, sequence, b"smsc\0")
                elif command == _SUBMIT:
                    self._take(writer, sequence, body)
                elif command in (_ENQUIRE, _UNBIND):
                    _write(writer, command | _RESPONSE, sequence)
                await writer.drain()
        except (OSError, EOFError):
            pass  # the gateway went away
        except asyncio.CancelledError:
            pass  # we stop
        finally:
            self._tasks.discard(task)
            writer.close()

    def _take(self, writer: asyncio.StreamWriter, sequence: int, body: bytes) -> None:
        if self.status:
            _write(writer, _SUBMIT | _RESPONSE, sequence, status=self.status)
            return
        part = _parse(body, f"{len(self.parts) + 1:08X}")
        self.parts.append(part)
        _write(writer, _SUBMIT | _RESPONSE, sequence, f"{part.id}\0".encode())
        if part.reported and self.final:
            self._sequence += 1
            _write(writer, _DELIVER, self._sequence, _receipt(part, self.final))


def _parse(body: bytes, id: str) -> Part:
    _, rest = body.split(b"\0", 1)  # service_type
    sender, rest = rest[2:].split(b"\0", 1)
    to, rest = rest[2:].split(b"\0", 1)
    esm_class, rest = rest[0], rest[3:]
    _, rest = rest.split(b"\0", 1)  # schedule_delivery_time
    _, rest = rest.split(b"\0", 1)  # validity_period
    reported, coding, size = bool(rest[0] & 1), rest[2], rest[4]
    data = rest[5 : 5 + size]
    part = Part(id, sender.decode(), to.decode(), data, coding, reported=reported)
    if esm_class & 0x40:
        header, part.data = data[1 : 1 + data[0]], data[1 + data[0] :]
        if header[0] == 0:
            part.reference, part.total, part.place = header[2], header[3], header[4]
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


def _receipt(part: Part, final: str) -> bytes:
    now = datetime.now(UTC).strftime("%y%m%d%H%M")
    text = f"id:{part.id} sub:001 dlvrd:001 submit date:{now} done date:{now} stat:{final} err:000 text:".encode()
    addresses = b"\x01\x01" + part.to.encode() + b"\0\x01\x01" + part.sender.encode() + b"\0"
    return b"\0" + addresses + b"\x04\0\0\0\0\0\0\0\0" + bytes([len(text)]) + text


def _write(writer: asyncio.StreamWriter, command: int, sequence: int, body: bytes = b"", *, status: int = 0) -> None:
    writer.write(struct.pack(">IIII", 16 + len(body), command, status, sequence) + body)
