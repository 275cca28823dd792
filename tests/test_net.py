"""Outgoing HTTP knows whether what we sent may have been taken, and never sends it twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from engine.net import MOST_BODY_BYTES, Http, NoReplyError, NotSentError
from tests.servers.pymap_server import free_port

LONG = timedelta(seconds=30)
SOON = timedelta(seconds=1)
SECRET = "open-sesame-4711"

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A scripted socket: plays one script a connection, and keeps what it read."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.connections = 0
        self.requests: list[bytes] = []

    async def start(self) -> str:
        self.server = await asyncio.start_server(self._play, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/{SECRET}"

    async def stop(self) -> None:
        self.server.close()
        await self.server.wait_closed()

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        try:
            await script(reader, writer)
        finally:
            writer.close()

    def answer(
        self, *, body: bytes = b"ok", status: str = "200 OK", length: int | None = None, more: str = ""
    ) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.requests.append(await read_request(reader))
            size = len(body) if length is None else length
            writer.write(f"HTTP/1.1 {status}\r\n{more}Content-Length: {size}\r\n\r\n".encode() + body)
            await writer.drain()

        return play


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    made = Http()
    yield made
    await made.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    yield made
    await made.stop()


async def post(http: Http, url: str, timeout: timedelta = LONG) -> None:
    await http.request(
        "POST", url, json={"to": "+32470000001"}, headers={"Authorization": f"Bearer {SECRET}"}, timeout=timeout
    )


async def test_a_whole_answer_comes_back_whatever_its_status(http: Http, server: Server) -> None:
    server.scripts = [server.answer(body=b'{"a":1}', status="418 No", more="Retry-After: 7\r\n")]
    reply = await http.request("POST", await server.start(), json={"x": 1}, timeout=LONG)
    assert (reply.status, reply.body, reply.headers["retry-after"]) == (418, b'{"a":1}', "7")
    assert server.requests[0].endswith(b'{"x": 1}')


async def test_a_refused_connection_has_certainly_sent_nothing(http: Http) -> None:
    with pytest.raises(NotSentError, match="refused"):
        await post(http, f"http://127.0.0.1:{free_port()}/")


async def test_a_tls_handshake_that_fails_has_certainly_sent_nothing(http: Http, server: Server) -> None:
    async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.requests.append(await reader.read(5))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    server.scripts = [speak_plainly]
    with pytest.raises(NotSentError):
        await post(http, (await server.start()).replace("http:", "https:"))
    assert server.requests[0][:1] == b"\x16"  # a TLS hello, and no request


async def test_a_tls_handshake_that_hangs_has_certainly_sent_nothing(http: Http, server: Server) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server.scripts = [hang]
    with pytest.raises(NotSentError, match="timed out"):
        await post(http, (await server.start()).replace("http:", "https:"), SOON)


@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:99999/", "no address"])
async def test_an_address_that_is_none_has_certainly_sent_nothing(http: Http, url: str) -> None:
    with pytest.raises(NotSentError):
        await post(http, url)


async def test_silence_after_the_request_is_no_reply(http: Http, server: Server) -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.requests.append(await read_request(reader))
        await reader.read()

    server.scripts = [listen]
    with pytest.raises(NoReplyError, match="timed out"):
        await post(http, await server.start(), SOON)
    assert len(server.requests) == 1


async def test_a_connection_that_closes_after_the_request_is_no_reply(http: Http, server: Server) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.requests.append(await read_request(reader))

    server.scripts = [hang_up]
    with pytest.raises(NoReplyError):
        await post(http, await server.start())
    assert server.connections == 1


async def test_a_connection_that_closes_at_once_is_no_reply_because_bytes_may_have_left(
    http: Http, server: Server
) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server.scripts = [hang_up]
    with pytest.raises(NoReplyError):
        await post(http, await server.start())
    assert server.connections == 1


async def test_half_an_answer_is_no_reply(http: Http, server: Server) -> None:
    server.scripts = [server.answer(body=b'{"id"', length=100)]
    with pytest.raises(NoReplyError, match="broke off"):
        await post(http, await server.start())


async def test_an_answer_that_is_not_http_is_no_reply(http: Http, server: Server) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await writer.drain()

    server.scripts = [babble]
    with pytest.raises(NoReplyError):
        await post(http, await server.start())


async def test_an_answer_that_is_too_long_is_no_reply(http: Http, server: Server) -> None:
    server.scripts = [server.answer(body=b"x" * (MOST_BODY_BYTES + 1))]
    with pytest.raises(NoReplyError):
        await post(http, await server.start())


async def test_an_answer_that_never_ends_is_cut_off_in_time(http: Http, server: Server) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    server.scripts = [drip]
    with pytest.raises(NoReplyError, match="timed out"):
        await post(http, await server.start(), SOON)


async def test_a_redirect_is_an_answer_and_is_not_followed(http: Http, server: Server) -> None:
    server.scripts = [server.answer(status="307 Elsewhere", more="Location: /again\r\n")]
    reply = await http.request("POST", await server.start(), json={}, timeout=LONG)
    assert (reply.status, server.connections) == (307, 1)


@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "DELETE"])
async def test_a_server_that_hangs_up_on_a_kept_connection_is_not_sent_the_same_again(
    http: Http, server: Server, method: str
) -> None:
    """A library that keeps connections sends again, on a fresh one, what found its kept connection closed."""

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.requests.append(await read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        server.requests.append(await read_request(reader))  # a second request on this connection, if one comes

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.requests.append(await read_request(reader))

    async def forgive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            await answer_once(reader, writer)

    server.scripts = [forgive, hang_up, hang_up]
    url = await server.start()
    await http.request(method, url, timeout=LONG)
    with pytest.raises(NoReplyError):
        await http.request(method, url, timeout=LONG)
    assert server.connections == 2
    assert len(server.requests) == 2


async def test_no_error_holds_an_address_a_secret_or_a_number(http: Http, server: Server) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    server.scripts = [hang_up]
    url = await server.start()
    errors: list[BaseException] = []
    for each in (url, url.replace("http:", "https:"), f"http://{SECRET}.invalid/", f"http://[{SECRET}/"):
        with pytest.raises((NotSentError, NoReplyError)) as raised:
            await post(http, each, SOON)
        errors.append(raised.value)
    for error in errors:
        assert error.__cause__ is None
        assert error.__suppress_context__
        for hidden in (SECRET, "+32470000001", "127.0.0.1"):
            assert hidden not in str(error)


async def test_the_client_can_be_closed_twice_and_used_again(server: Server) -> None:
    http = Http()
    await http.close()
    server.scripts = [server.answer()]
    url = await server.start()
    assert (await http.request("GET", url, timeout=LONG)).status == 200
    await http.close()
    assert (await http.request("GET", url, timeout=LONG)).status == 200
    await http.close()
    await http.close()


async def test_cookies_are_not_kept(http: Http, server: Server) -> None:
    server.scripts = [server.answer(more="Set-Cookie: a=b\r\n")]
    url = await server.start()
    for _ in range(2):
        await http.request("GET", url, timeout=LONG)
    assert b"cookie" not in server.requests[1].lower()
