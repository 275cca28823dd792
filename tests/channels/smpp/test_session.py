"""A link that ends, falls silent, or was never what it seemed: nothing is lost, and nothing waits for ever."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.answer import Outcome
from engine.channels.providers.smpp.session import LONGEST_PAUSE, Door, Session
from engine.channels.providers.smpp.window import Window
from engine.reason import Reason
from tests.channels.smpp.rig import SmppRig, until
from tests.contracts.provider import send
from tests.servers import make_certificate
from tests.servers.pymap_server import free_port

SECOND = timedelta(seconds=1)

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def stage() -> AsyncIterator[Callable[[Play], Awaitable[int]]]:
    """Starts a peer that follows a script; gives its port."""
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[Any]] = set()

    async def start(play: Play) -> int:
        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await play(reader, writer)
            except (OSError, EOFError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        servers.append(await asyncio.start_server(run, "127.0.0.1", 0))
        return int(servers[-1].sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _bind(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    command, sequence = await _next(reader)
    writer.write(struct.pack(">IIII", 17, command | 0x80000000, 0, sequence) + b"\0")


async def _next(reader: asyncio.StreamReader) -> tuple[int, int]:
    length, command, _, sequence = struct.unpack(">IIII", await reader.readexactly(16))
    await reader.readexactly(length - 16)
    return command, sequence


# ---- who is there


async def test_a_link_that_ended_is_made_again_before_anybody_sends(rig: SmppRig) -> None:
    provider = await rig.listening()
    await until(lambda: len(rig.smsc.binds) == 1)
    rig.smsc.hang_up()
    await until(lambda: len(rig.smsc.binds) == 2)
    assert (await send(provider)).outcome is Outcome.ACCEPTED


async def test_an_sms_centre_that_says_goodbye_is_answered_and_bound_to_again(rig: SmppRig) -> None:
    provider = await rig.listening()
    await until(lambda: len(rig.smsc.binds) == 1)
    rig.smsc.send(0x06)
    await until(lambda: len(rig.smsc.binds) == 2)
    assert (await send(provider)).outcome is Outcome.ACCEPTED


async def test_while_there_is_no_link_messages_are_not_taken_and_afterwards_they_are(rig: SmppRig) -> None:
    provider = rig.provider()
    port = rig.smsc.port
    await rig.smsc.stop()
    answer = await send(provider)
    assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)
    assert answer.detail == "the connection was refused"
    rig.smsc.port = port
    await rig.smsc.start()
    async with asyncio.timeout(60):
        while (await send(provider)).outcome is not Outcome.ACCEPTED:
            await asyncio.sleep(0.01)


async def test_the_pauses_between_attempts_grow_to_a_bound() -> None:
    pauses: list[float] = []

    def jitter(seconds: float) -> float:
        pauses.append(seconds)
        return 0.0

    session = Session("centre", Door("127.0.0.1", free_port(), b""), lambda link, pdu: None, jitter)
    session.start(listen=False)
    await until(lambda: len(pauses) > 10)
    await session.close()
    assert pauses[:4] == [0.25, 0.5, 1.0, 2.0]
    assert pauses[9] == LONGEST_PAUSE


async def test_a_bind_that_is_one_too_many_is_tried_again(rig: SmppRig) -> None:
    rig.smsc.next.append({"do": "bind", "status": 0x05})
    answer = await send(rig.provider())
    assert (answer.outcome, answer.detail) == (
        Outcome.NOT_TAKEN,
        "the SMS centre refuses to bind: SMPP status 0x0005",
    )


async def test_closing_says_goodbye_once(rig: SmppRig) -> None:
    provider = await rig.listening()
    await send(provider)
    await provider.close()
    await provider.close()
    assert rig.smsc.goodbyes == 1


async def test_closing_does_not_wait_for_who_does_not_answer(stage: Any, rig: SmppRig) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _bind(reader, writer)
        await _next(reader)
        came.set()
        await reader.read()

    came = asyncio.Event()
    rig.smsc.port = await stage(play)
    provider = rig.provider()
    sending = asyncio.create_task(send(provider))
    await came.wait()
    await provider.close()
    assert (await sending).outcome is Outcome.UNKNOWN


# ---- what it says


async def test_a_link_that_says_nothing_is_asked_and_left_when_it_stays_silent(stage: Any, rig: SmppRig) -> None:
    asked: list[list[int]] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _bind(reader, writer)
        mine: list[int] = []
        asked.append(mine)
        while True:
            mine.append((await _next(reader))[0])

    rig.smsc.port = await stage(play)
    await rig.listening(enquire=SECOND, timeout=SECOND)
    await until(lambda: len(asked) == 2)
    assert asked[0] == [0x15]


async def test_a_link_that_leaves_a_message_unanswered_is_asked_at_once(stage: Any, rig: SmppRig) -> None:
    asked: list[int] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _bind(reader, writer)
        while True:
            asked.append((await _next(reader))[0])

    rig.smsc.port = await stage(play)
    provider = rig.provider(timeout=SECOND, enquire=timedelta(hours=1))
    assert (await send(provider)).outcome is Outcome.UNKNOWN
    await until(lambda: asked[:2] == [0x04, 0x15])


async def test_a_link_that_answers_when_asked_is_kept(rig: SmppRig) -> None:
    await rig.listening(enquire=timedelta(milliseconds=50))
    await asyncio.sleep(0.4)
    assert len(rig.smsc.binds) == 1


async def test_half_a_unit_and_then_nothing_is_silence(stage: Any, rig: SmppRig) -> None:
    links = 0

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal links
        await _bind(reader, writer)
        links += 1
        while True:
            writer.write(struct.pack(">I", 60_000) if not links else b"\0")
            await asyncio.sleep(0.05)

    rig.smsc.port = await stage(play)
    provider = rig.provider(timeout=SECOND, enquire=SECOND)
    answer = await send(provider)
    assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)
    await until(lambda: links == 2)


async def test_a_bind_that_is_never_answered_is_given_up(stage: Any, rig: SmppRig) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    rig.smsc.port = await stage(play)
    answer = await send(rig.provider(timeout=SECOND))
    assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0" * 64,
        struct.pack(">IIII", 15, 0x80000004, 0, 2),
        struct.pack(">IIII", 0xFFFFFFFF, 0x80000004, 0, 2) + b"x" * 100_000,
        b"",
    ],
    ids=["HTTP", "zeros", "too short", "4 GB", "it hangs up"],
)
async def test_what_is_not_smpp_ends_the_link_and_what_was_sent_is_unknown(
    stage: Any, rig: SmppRig, said: bytes
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _bind(reader, writer)
        await _next(reader)
        writer.write(said)

    rig.smsc.port = await stage(play)
    answer = await send(rig.provider())
    assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)


async def test_a_peer_that_closes_its_half_is_one_that_hung_up(stage: Any, rig: SmppRig) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _bind(reader, writer)
        await _next(reader)
        writer.write_eof()
        await reader.read()

    rig.smsc.port = await stage(play)
    answer = await send(rig.provider())
    assert (answer.outcome, answer.detail) == (Outcome.UNKNOWN, "it hung up")


@pytest.mark.parametrize(
    ("command", "status", "body", "outcome"),
    [
        (0x80000000, 0x02, b"", Outcome.REFUSED),
        (0x80000000, 0x58, b"", Outcome.NOT_TAKEN),
        (0x80000000, 0x00, b"", Outcome.UNKNOWN),
        (0x80000015, 0x00, b"7\0", Outcome.UNKNOWN),
        (0x80000004, 0x00, b"", Outcome.UNKNOWN),
        (0x80000004, 0x00, b"no end", Outcome.UNKNOWN),
        (0x80000004, 0x00, b"\0", Outcome.UNKNOWN),
        (0x80000004, 0x00, b"\x01\x02\0", Outcome.UNKNOWN),
        (0x80000004, 0x00, b"x" * 66 + b"\0", Outcome.UNKNOWN),
        (0x80000004, 0x00, b"7\0junk", Outcome.ACCEPTED),
    ],
)
async def test_odd_answers_have_a_clear_outcome(
    stage: Any, rig: SmppRig, command: int, status: int, body: bytes, outcome: Outcome
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _bind(reader, writer)
        _, sequence = await _next(reader)
        writer.write(struct.pack(">IIII", 16, 0x80000004, 0, sequence + 9))  # an answer to nothing
        writer.write(struct.pack(">IIII", 16 + len(body), command, status, sequence) + body)
        await reader.read()

    rig.smsc.port = await stage(play)
    assert (await send(rig.provider())).outcome is outcome


async def test_requests_that_we_do_not_know_are_refused_and_the_link_stays(stage: Any, rig: SmppRig) -> None:
    heard: list[tuple[int, int, int]] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _bind(reader, writer)
        for sequence, command in enumerate((0x04, 0x1234, 0x102, 0x05, 0x15), 7):
            writer.write(struct.pack(">IIII", 18, command, 0, sequence) + b"\xff\xff")
        while True:
            length, command, status, sequence = struct.unpack(">IIII", await reader.readexactly(16))
            await reader.readexactly(length - 16)
            heard.append((command, status, sequence))

    rig.smsc.port = await stage(play)
    await rig.listening()
    await until(lambda: len(heard) == 4)
    assert heard == [(0x80000000, 3, 7), (0x80000000, 3, 8), (0x80000005, 1, 10), (0x80000015, 0, 11)]


# ---- TLS


@pytest.mark.parametrize(
    ("ca", "host", "outcome"),
    [(True, "localhost", Outcome.ACCEPTED), (False, "localhost", Outcome.NOT_TAKEN)],
    ids=["trusted", "not trusted"],
)
async def test_tls_is_spoken_with_whom_a_certificate_vouches_for(
    rig: SmppRig, tmp_path: Path, ca: bool, host: str, outcome: Outcome
) -> None:
    await rig.smsc.stop()
    certificate, key = make_certificate(tmp_path)
    rig.smsc.port, rig.smsc.tls = 0, ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    rig.smsc.tls.load_cert_chain(certificate, key)
    await rig.smsc.start()
    answer = await send(rig.provider(tls="on", host=host, **({"ca_file": certificate} if ca else {})))
    assert answer.outcome is outcome
    assert ca or answer.detail.startswith("the certificate is not in order")
    assert len(rig.smsc.parts) == ca


async def test_a_peer_that_speaks_no_tls_is_not_spoken_to(rig: SmppRig) -> None:
    answer = await send(rig.provider(tls="on", timeout=SECOND))
    assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)
    assert rig.smsc.binds == []


# ---- the window


async def test_room_is_given_in_order_and_never_lost_to_those_who_gave_up() -> None:
    window = Window(1)
    order: list[int] = []
    await window.enter(lambda: order.append(0))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await window.enter(lambda: order.append(1))
    waiting = [asyncio.create_task(window.enter(lambda n=n: order.append(n))) for n in range(2, 6)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    window.leave()
    assert order == [0, 3]  # at once
    window.leave()
    window.leave()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == [0, 3, 4, 5]
    window.close()


async def test_who_cannot_start_takes_no_room() -> None:
    window = Window(1)

    def fail() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await window.enter(fail)
    await window.enter(lambda: None)
    waiting = [asyncio.create_task(window.enter(start)) for start in (fail, lambda: None)]
    await asyncio.sleep(0)
    window.leave()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in found] == [ConnectionError, type(None)]
    window.close()


async def test_a_window_that_was_narrowed_widens_with_each_success_up_to_what_was_agreed() -> None:
    window = Window(8)
    window.narrow()
    assert window.limit == 4
    for _ in range(100):
        window.widen()
    assert window.limit == 8
    for _ in range(10):
        window.narrow()
    assert window.limit == 1
