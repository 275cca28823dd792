"""An SMS centre in a process of its own that only counts: every client in a benchmark meets the same one.

python -m benchmarks.centre: prints its port, then obeys a line at a time: `delay SECONDS`, `hold`, `go`, `tell`.
"""

import asyncio
import json
import struct
import sys
import time
from collections import deque

_HEADER = struct.Struct(">IIII")
_SUBMIT, _RESPONSE = 0x04, 0x80000000
_REQUESTS = (0x01, 0x02, 0x06, 0x09, 0x15)


class Count:
    """Answers after `delay` seconds, in order, and counts since it was last told to `go`."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.holds = False
        self.total = 0
        self._queue: deque[tuple[float, asyncio.Transport, int]] = deque()
        self.reset()

    def reset(self) -> None:
        self.answered = self.most = 0
        self.first = self.last = self.waited = 0.0

    def take(self, transport: asyncio.Transport, sequences: list[int]) -> None:
        now = time.perf_counter()
        self.first = self.first or now
        self._queue.extend((now, transport, sequence) for sequence in sequences)
        self.most = max(self.most, len(self._queue))
        if not self.holds:
            self.answer()

    def answer(self) -> None:
        """Answer what is old enough; come back for the rest."""
        now = time.perf_counter()
        answers: dict[asyncio.Transport, list[bytes]] = {}
        while self._queue and now - self._queue[0][0] >= self.delay:
            came, transport, sequence = self._queue.popleft()
            self.waited += now - came
            self.total += 1
            self.answered += 1
            id = b"%d\0" % self.total
            answers.setdefault(transport, []).append(
                _HEADER.pack(16 + len(id), _SUBMIT | _RESPONSE, 0, sequence) + id
            )
        for transport, units in answers.items():
            transport.write(b"".join(units))
            self.last = time.perf_counter()
        if self._queue:
            asyncio.get_running_loop().call_later(self._queue[0][0] + self.delay - now, self.answer)

    def go(self) -> None:
        """Begin to count; what is held is answered from now on."""
        self.reset()
        self.holds = False
        now = self.first = time.perf_counter() if self._queue else 0.0
        self._queue = deque((now, transport, sequence) for _, transport, sequence in self._queue)
        if self._queue:
            self.answer()


class Line(asyncio.Protocol):
    """One bound client."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        at = 0
        submitted: list[int] = []
        while len(data) - at >= 16:
            length, command, _, sequence = _HEADER.unpack_from(data, at)
            if len(data) - at < length:
                break
            at += length
            if command == _SUBMIT:
                submitted.append(sequence)
            elif command in _REQUESTS:
                body = b"" if command in (0x06, 0x15) else b"centre\0"
                self._transport.write(_HEADER.pack(16 + len(body), command | _RESPONSE, 0, sequence) + body)
        self._rest = data[at:]
        if submitted:
            self._count.take(self._transport, submitted)


async def main() -> None:
    """Serve until the input ends."""
    count = Count()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(count), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while words := (await reader.readline()).decode().split():
        match words:
            case ["delay", seconds]:
                count.delay = float(seconds)
            case ["hold"]:
                count.holds = True
            case ["go"]:
                count.go()
        seen = {
            "answered": count.answered,
            "most": count.most,
            "seconds": count.last - count.first,
            "delay": count.waited / max(1, count.answered),
        }
        print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
