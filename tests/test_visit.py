"""Reading from addresses that others write: bounded, and never led into the own network."""

import asyncio
import gzip
import socket
import ssl
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from engine.errors import SourceError
from engine.guard import Kind, judge
from engine.visit import Bounds, ForbiddenError, SignIn, TooMuchError, Visitor
from tests.servers import make_certificate
from tests.servers.publisher import Listener, Paper, Play, Publisher, say, stay_silent

TEXT = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
SECRET = "open-sesame-4711"
OUTSIDE = "127.0.0.2"
"""A second address of this machine plays the public internet, so that a first hop can be reached at all."""


def judge_outside(address: str) -> Kind:
    return Kind.PUBLIC if address == OUTSIDE else judge(address)


class Dns(AbstractResolver):
    """Answers each look-up of a name with its next list of addresses; the last one stays."""

    def __init__(self, **names: list[list[str]]) -> None:
        self.names = {name.replace("_", "."): answers for name, answers in names.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = self.names[host]
        self.asked.append(host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in (answers.pop(0) if len(answers) > 1 else answers[0])
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def connected() -> list[Any]:
    """Every address that this test's loop was asked to connect a socket to."""
    loop: Any = asyncio.get_running_loop()
    connect, seen = loop.sock_connect, []

    async def note(made: socket.socket, address: Any) -> None:
        seen.append(address)
        await connect(made, address)

    loop.sock_connect = note
    return seen


async def read(url: str, **how: Any) -> bytes:
    async with Visitor(**how) as visitor:
        return (await visitor.visit(url)).body


# -- where it may lead -----------------------------------------------------------------------------------------------

LITERALS = {
    "127.0.0.1": "this machine",
    "127.1": "is a number",
    "0x7f.1": "this machine",
    "0x7f000001": "this machine",
    "2130706433": "is a number",
    "0177.0.0.1": "is a number",
    "①②⑦.⓪.⓪.①": "this machine",
    "１２７.０.０.１": "this machine",
    "localhost": "this machine",
    "[::1]": "this machine",
    "[::ffff:127.0.0.1]": "this machine",
    "[::ffff:7f00:1]": "this machine",
    "0.0.0.0": "no address in particular",
    "0": "is a number",
    "[::]": "no address in particular",
    "10.0.0.1": "private",
    "192.168.0.1": "private",
    "[fd00::1]": "private",
    "100.64.0.1": "carrier",
    "169.254.1.1": "link-local",
    "[fe80::1]": "link-local",
    "169.254.169.254": "metadata",
    "2852039166": "is a number",
    "[::ffff:169.254.169.254]": "metadata",
    "[64:ff9b::7f00:1]": "hides another",
    "[64:ff9b::a9fe:a9fe]": "hides another",
    "[2002:7f00:1::]": "hides another",
    "[::127.0.0.1]": "hides another",
    "[fec0::1]": "site-local",
    "224.0.0.1": "multicast",
    "[ff02::1]": "multicast",
    "192.0.0.8": "reserved",
    "255.255.255.255": "reserved",
}


@pytest.mark.parametrize(("host", "word"), LITERALS.items(), ids=LITERALS)
@pytest.mark.parametrize("led", ["written", "redirected"])
async def test_a_literal_leads_nowhere_however_it_is_written(
    host: str, word: str, led: str, connected: list[Any]
) -> None:
    async with Listener() as victim, Publisher(OUTSIDE) as outside:
        url = f"http://{host}:{victim.port}/{SECRET}"
        if led == "redirected":
            outside.redirects["/"] = (302, url)
            url = f"{outside.url}/"
        with pytest.raises(ForbiddenError, match=word) as raised:
            await read(url, judge=judge_outside)
    assert victim.accepted == 0
    assert [address[:2] for address in connected] == [(OUTSIDE, outside.port)] * (led == "redirected")
    assert SECRET not in str(raised.value)
    assert raised.value.remedy


ANSWERS = {
    "private": "10.1.2.3",
    "loopback": "127.0.0.1",
    "loopback6": "::1",
    "mapped": "::ffff:127.0.0.1",
    "metadata": "169.254.169.254",
    "nat64": "64:ff9b::7f00:1",
    "sixtofour": "2002:7f00:1::1",
    "sitelocal": "fec0::1",
    "compatible": "::127.0.0.1",
    "multicast": "ff02::1",
    "assignments": "192.0.0.8",
}


@pytest.mark.parametrize("address", ANSWERS.values(), ids=ANSWERS)
async def test_a_name_leads_nowhere_either(address: str, connected: list[Any]) -> None:
    async with Listener() as victim:
        with pytest.raises(ForbiddenError, match=str(judge(address))):
            await read(f"http://calendar.example:{victim.port}/", resolver=Dns(calendar_example=[[address]]))
        assert (victim.accepted, connected) == (0, [])


async def test_an_answer_of_dns_that_changes_before_the_redirect_is_judged_again() -> None:
    async with Publisher(OUTSIDE) as outside, Listener() as victim:
        dns = Dns(calendar_example=[[OUTSIDE], ["127.0.0.1"]])
        outside.redirects["/"] = (302, f"http://calendar.example:{victim.port}/")
        with pytest.raises(ForbiddenError, match=r"leads to 127\.0\.0\.1"):
            await read(f"http://calendar.example:{outside.port}/", judge=judge_outside, resolver=dns)
        assert (dns.asked, victim.accepted) == (["calendar.example"] * 2, 0)


async def test_one_look_up_is_what_is_connected_to_so_that_a_second_answer_plays_no_part() -> None:
    async with Publisher(OUTSIDE) as outside:
        outside.papers["/"] = Paper(TEXT)
        dns = Dns(calendar_example=[[OUTSIDE], ["127.0.0.1"]])
        url = f"http://calendar.example:{outside.port}/"
        assert await read(url, judge=judge_outside, resolver=dns) == TEXT
        assert dns.asked == ["calendar.example"]
        with pytest.raises(ForbiddenError):  # the next visit looks up anew, and is judged anew
            await read(url, judge=judge_outside, resolver=dns)


@pytest.mark.parametrize("order", [[OUTSIDE, "127.0.0.1"], ["127.0.0.1", OUTSIDE]], ids=["good first", "bad first"])
async def test_among_several_addresses_the_forbidden_one_is_never_tried(
    order: list[str], connected: list[Any]
) -> None:
    async with Listener() as victim:  # nobody listens on this port of OUTSIDE
        with pytest.raises(ForbiddenError, match=r"leads to 127\.0\.0\.1"):
            await read(
                f"http://calendar.example:{victim.port}/",
                judge=judge_outside,
                resolver=Dns(calendar_example=[order]),
            )
        assert victim.accepted == 0
        assert {address[0] for address in connected} == {OUTSIDE}


async def test_private_opens_the_own_network_and_nothing_else(connected: list[Any]) -> None:
    async with Publisher() as server:
        server.papers["/"] = Paper(TEXT)
        assert await read(f"{server.url}/", private=True) == TEXT
        server.redirects["/"] = (302, "http://169.254.169.254/latest/meta-data/")
        with pytest.raises(ForbiddenError, match="metadata"):
            await read(f"{server.url}/", private=True)
        assert {address[0] for address in connected} == {"127.0.0.1"}


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Listener() as proxy, Publisher() as server:
        server.papers["/"] = Paper(TEXT)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert await read(f"{server.url}/", private=True) == TEXT
        assert proxy.accepted == 0


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/", "http://", "nonsense", "http://[::1/", ""]
)
async def test_only_the_web_is_visited(url: str) -> None:
    with pytest.raises(SourceError, match="no address on the web"):
        await read(url, private=True)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/", "http://[::1/"])
async def test_a_redirect_does_not_leave_the_web(url: str) -> None:
    async with Publisher() as server:
        server.redirects["/"] = (302, url)
        with pytest.raises(SourceError, match="no address on the web"):
            await read(f"{server.url}/", private=True)


# -- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_three_redirects_are_followed_and_no_fourth(status: int) -> None:
    async with Publisher() as server:
        server.papers["/3"] = Paper(TEXT)
        server.redirects |= {f"/{step}": (status, f"{step + 1}") for step in range(3)}
        assert await read(f"{server.url}/0", private=True) == TEXT
        server.redirects["/start"] = (status, "/0")
        with pytest.raises(SourceError, match="redirects more than 3 times"):
            await read(f"{server.url}/start", private=True)
        assert len(server.requests) == 8


async def test_a_question_with_a_body_is_asked_again_where_it_is_sent() -> None:
    async with Publisher() as server:
        server.redirects["/old"] = (308, "/new")
        async with Visitor(private=True) as visitor:
            await visitor.visit(f"{server.url}/old", method="REPORT", body=b"<x/>", headers={"Depth": "1"})
        assert [(request.method, request.path, request.headers["Depth"]) for request in server.requests] == [
            ("REPORT", "/old", "1"),
            ("REPORT", "/new", "1"),
        ]


async def test_a_password_goes_to_no_other_origin_and_does_not_come_back() -> None:
    async with Publisher() as server, Publisher() as other, Publisher(OUTSIDE) as third:
        server.redirects["/same"] = (302, f"{server.url}/away")
        server.redirects["/away"] = (302, f"{other.url}/on")
        other.redirects["/on"] = (302, f"{server.url}/home")
        server.redirects["/host"] = (302, f"{third.url}/")
        sign_in = SignIn("anna", SECRET)
        await read(f"{server.url}/same", private=True, sign_in=sign_in)
        await read(f"{server.url}/host", private=True, sign_in=sign_in)
        told = {request.path: request.headers.get("Authorization") for request in server.requests}
        assert told == {"/same": sign_in.header, "/away": sign_in.header, "/home": None, "/host": sign_in.header}
        assert [request.headers.get("Authorization") for request in other.requests + third.requests] == [None, None]


async def test_a_password_inside_an_address_is_never_sent() -> None:
    async with Publisher() as server, Publisher() as other:
        server.redirects["/"] = (302, f"http://eve:{SECRET}@127.0.0.1:{other.port}/")
        await read(f"{server.url}/".replace("//", f"//anna:{SECRET}@", 1), private=True)
        assert [request.headers.get("Authorization") for request in server.requests + other.requests] == [None, None]
        assert SECRET not in repr(SignIn("anna", SECRET))


async def test_https_does_not_lead_to_http(certificate: tuple[Path, Path]) -> None:
    async with Publisher(tls=serve_with(certificate)) as server, Listener() as victim:
        server.redirects["/"] = (301, f"{victim.url}/")
        with pytest.raises(ForbiddenError, match="from https to http"):
            await read(f"https://localhost:{server.port}/", private=True, ca_file=certificate[0])
        assert victim.accepted == 0


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def serve_with(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


async def test_an_authority_of_ones_own_is_trusted_when_it_is_named(certificate: tuple[Path, Path]) -> None:
    async with Publisher(tls=serve_with(certificate)) as server:
        server.papers["/"] = Paper(TEXT)
        url = f"https://localhost:{server.port}/"
        assert await read(url, private=True, ca_file=certificate[0]) == TEXT
        with pytest.raises(SourceError, match=r"certificate is refused: self.signed") as raised:
            await read(url, private=True)
        assert "ca_file" in raised.value.remedy
        assert len(server.requests) == 1


async def test_a_certificate_for_another_name_is_refused(certificate: tuple[Path, Path]) -> None:
    async with Publisher(tls=serve_with(certificate)) as server:
        dns = Dns(calendar_example=[["127.0.0.1"]])
        with pytest.raises(SourceError, match=r"certificate is refused: Hostname mismatch"):
            await read(f"https://calendar.example:{server.port}/", private=True, ca_file=certificate[0], resolver=dns)
        assert server.requests == []


@pytest.mark.parametrize("content", [None, "nonsense"], ids=["missing", "no PEM"])
async def test_a_file_without_certificates_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SourceError) as raised:
        await read("https://calendar.example/", ca_file=file)
    assert raised.value.place == str(file)


# -- how much --------------------------------------------------------------------------------------------------------

SMALL = Bounds(bytes=1000, connect=5, silence=5, whole=5)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\n"


async def test_gzip_is_asked_for_and_unpacked() -> None:
    async with Publisher() as server:
        server.papers["/"] = Paper(TEXT * 20)
        assert await read(f"{server.url}/", private=True) == TEXT * 20
        assert server.requests[0].headers["Accept-Encoding"] == "gzip"


async def test_a_body_as_long_as_the_bound_is_read_and_one_byte_more_is_not() -> None:
    for packed in (False, True):
        async with Publisher() as server:
            for size in (1000, 1001):
                body = b"x" * size
                server.papers[f"/{size}"] = Paper(body, packed=gzip.compress(body) if packed else None)
            assert len(await read(f"{server.url}/1000", private=True, bounds=SMALL)) == 1000
            with pytest.raises(TooMuchError, match="longer than"):
                await read(f"{server.url}/1001", private=True, bounds=SMALL)


async def test_a_gzip_bomb_is_left_after_the_bound() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(packer.compress(b"\0" * 1_000_000) for _ in range(200)), packer.flush()])
    sent = 0

    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"Content-Encoding: gzip\r\n\r\n")
        for at in range(0, len(bomb), 1000):
            writer.write(bomb[at : at + 1000])
            sent += 1000
            await writer.drain()
            await asyncio.sleep(0.001)

    async with Listener(play) as server:
        with pytest.raises(TooMuchError):
            await read(f"{server.url}/", private=True, bounds=SMALL)
    assert sent < len(bomb) / 2


async def test_a_stream_without_end_is_left_after_the_bound() -> None:
    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n")
        while True:
            writer.write(b"x" * 500)
            await writer.drain()
            await asyncio.sleep(0)

    async with Listener(play) as server:
        with pytest.raises(TooMuchError):
            await read(f"{server.url}/", private=True, bounds=SMALL)


async def test_a_bomb_that_comes_in_one_piece_is_not_unpacked_whole() -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    async with Listener(say(HEAD + b"Content-Encoding: gzip\r\n\r\n" + bomb)) as server:
        tracemalloc.start()
        try:
            with pytest.raises(TooMuchError):
                await read(f"{server.url}/", private=True, bounds=SMALL)
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()


HURRY = Bounds(connect=60, silence=60, whole=60)


async def _drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 99999\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 99\r\n\r\nBEGIN:")
    writer.write_eof()
    await reader.read()


FAULTS: dict[str, tuple[Play, str]] = {
    "half-closed": (_half_close, "the answer broke off"),
    "hangs up": (say(), "the connection broke"),
    "half an answer": (say(HEAD + b"Content-Length: 99\r\n\r\nBEGIN:"), "the answer broke off"),
    "half a chunk": (say(HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\nBEGIN:"), "the answer broke off"),
    "half a head": (say(b"HTTP/1.1 200 OK\r\nContent-"), "the connection broke"),
    "half a gzip": (
        say(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 15\r\n\r\n" + gzip.compress(TEXT)[:15]),
        "broken gzip",
    ),
    "no gzip": (say(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"), "broken gzip"),
    "another packing": (say(HEAD + b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello"), "packed as 'br'"),
    "not HTTP": (say(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "cannot be read"),
    "a head without end": (say(HEAD + b"X-More: " + b"x" * 20_000 + b"\r\n\r\n"), "cannot be read"),
}


@pytest.mark.parametrize(("play", "words"), FAULTS.values(), ids=FAULTS)
async def test_a_broken_server_is_an_error_with_its_place(play: Play, words: str) -> None:
    async with Listener(play) as server:
        with pytest.raises(SourceError, match=words) as raised:
            await read(f"{server.url}/{SECRET}?token={SECRET}", private=True, bounds=HURRY)
        assert raised.value.place == f"127.0.0.1:{server.port}"
        assert SECRET not in f"{raised.value} {raised.value.__cause__!r}"


@pytest.mark.parametrize(
    ("play", "bounds"),
    [(stay_silent, Bounds(silence=0.2, whole=600)), (_drip, Bounds(silence=600, whole=0.5))],
    ids=["silent", "drips"],
)
async def test_a_server_without_end_is_left_in_time(play: Play, bounds: Bounds) -> None:
    async with Listener(play) as server:
        with pytest.raises(SourceError, match="timed out") as raised:
            await read(f"{server.url}/", private=True, bounds=bounds)
        assert raised.value.unreachable


async def test_nobody_at_home_is_an_error_that_may_pass() -> None:
    async with Listener() as server:
        pass
    with pytest.raises(SourceError, match="refused") as raised:
        await read(f"{server.url}/", private=True)
    assert raised.value.unreachable


async def test_a_status_is_an_answer() -> None:
    async with Publisher() as server:
        server.statuses["/"] = (418, {"Retry-After": "7"})
        async with Visitor(private=True) as visitor:
            page = await visitor.visit(f"{server.url}/")
        assert (page.status, page.headers["retry-after"], page.body) == (418, "7", b"")
