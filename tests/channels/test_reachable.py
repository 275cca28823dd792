"""Each way in which a provider cannot be reached has its own sentence, within its time."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.channels import reachable
from engine.channels.endpoint import Endpoint, Tls
from engine.channels.reachable import Step, reach
from engine.proxy import Proxy
from tests.servers import make_certificate, require
from tests.servers.mailroom import Mailroom
from tests.servers.pymap_server import free_port

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A black hole: it listens and never says a word."""
    await reader.read()
    writer.close()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def saying(words: bytes) -> Talk:
    """A server that says the same to whoever comes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await reader.read()
        writer.close()

    return talk


@asynccontextmanager
async def serving(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    talks: set[asyncio.Task[None]] = set()

    async def talk_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(task := asyncio.create_task(talk(reader, writer)))
        await asyncio.gather(task, return_exceptions=True)
        writer.close()

    server = await asyncio.start_server(talk_once, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for each in talks:
        each.cancel()
    await asyncio.gather(*talks, return_exceptions=True)
    await asyncio.sleep(0.01)


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificate, key)
    return made


def expired(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that ended yesterday."""
    require("openssl")
    names = folder / "names"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    for words in (
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out asked.pem",
        "x509 -req -in asked.pem -signkey key.pem -days -1 -extfile names -out cert.pem",
    ):
        subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


async def steps(at: Endpoint) -> list[Step]:
    return [step async for step in reach(at)]


async def last(at: Endpoint) -> Step:
    found = await steps(at)
    assert [each.ok for each in found[:-1]] == [True] * (len(found) - 1)
    return found[-1]


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A black hole is given up sooner."""
    monkeypatch.setattr(reachable, "PATIENCE", 0.3)


async def test_a_closed_port_is_refused_and_named() -> None:
    port = free_port()
    step = await last(Endpoint(host="127.0.0.1", port=port))
    assert (step.name, step.ok, step.said) == ("tcp", False, "refused: nothing listens there")
    assert step.remedy == f"start what should listen on 127.0.0.1:{port}"


async def test_a_name_that_nobody_has_is_no_matter_of_the_firewall() -> None:
    step = await last(Endpoint.of("https://no-such-name.invalid"))
    assert (step.name, step.ok) == ("dns", False)
    assert "no-such-name.invalid" in step.said


async def test_a_firewall_that_drops_is_told_with_what_to_open(
    monkeypatch: pytest.MonkeyPatch, patience: None
) -> None:
    async def dropped(*_: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(asyncio, "open_connection", dropped)
    step = await last(Endpoint(host="127.0.0.1", port=443))
    assert (step.name, step.ok) == ("tcp", False)
    assert "firewall" in step.said
    assert step.remedy == "open 127.0.0.1:443 for outgoing TCP in the firewall"


async def test_a_name_is_told_with_its_addresses() -> None:
    async with serving(silent) as port:
        dns, tcp = await steps(Endpoint(host="localhost", port=port))
    assert dns.ok
    assert "127.0.0.1" in dns.said
    assert tcp.ok


@pytest.mark.parametrize("tls", [Tls.ON, Tls.STARTTLS])
async def test_a_black_hole_is_given_up(patience: None, tls: Tls) -> None:
    async with serving(silent) as port:
        step = await last(Endpoint(host="127.0.0.1", port=port, tls=tls))
    assert (step.name, step.ok) == ("tls", False)
    assert "silent" in step.said


@pytest.mark.parametrize(
    ("talk", "tls", "said"),
    [
        (hang_up, Tls.ON, "hung up"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Tls.ON, "no TLS that we speak"),
        (saying(b"SSH-2.0-OpenSSH\r\n"), Tls.STARTTLS, "hung up"),
        (saying(b"220 x\r\n250 x\r\n502 5.5.1 no\r\n"), Tls.STARTTLS, "offers no STARTTLS"),
    ],
    ids=["hangs up", "another protocol", "no mail server", "no STARTTLS"],
)
async def test_what_is_no_tls_is_told(talk: Talk, tls: Tls, said: str) -> None:
    async with serving(talk) as port:
        step = await last(Endpoint(host="127.0.0.1", port=port, tls=tls))
    assert (step.name, step.ok) == ("tls", False)
    assert said in step.said


async def test_a_good_certificate_is_told_with_its_days(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    async with serving(silent, context(certificate, key)) as port:
        step = await last(Endpoint(host="127.0.0.1", port=port, tls=Tls.ON, ca_file=certificate))
    assert (step.name, step.ok) == ("tls", True)
    assert step.said.startswith("TLSv1.3, the certificate is for 127.0.0.1 and valid for 3649 days, until 20")


async def test_a_certificate_that_ends_soon_is_well_and_told(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, days=5)
    async with serving(silent, context(certificate, key)) as port:
        step = await last(Endpoint(host="localhost", port=port, tls=Tls.ON, ca_file=certificate))
    assert step.ok
    assert step.said.endswith("it ends soon, see that it is renewed")


async def test_a_mail_server_is_asked_for_tls_first(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    async with Mailroom.running(tls=context(certificate, key)) as room:
        step = await last(Endpoint(host="127.0.0.1", port=room.port, tls=Tls.STARTTLS, ca_file=certificate))
    assert (step.name, step.ok) == ("tls", True), step


async def test_a_certificate_for_another_name_is_told_with_the_name(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "other.example")
    async with serving(silent, context(certificate, key)) as port:
        for host in ("localhost", "127.0.0.1"):
            step = await last(Endpoint(host=host, port=port, tls=Tls.ON, ca_file=certificate))
            assert (step.name, step.ok) == ("tls", False)
            assert step.said == f"the certificate is for another name than {host}"


async def test_an_expired_certificate_is_told(tmp_path: Path) -> None:
    certificate, key = expired(tmp_path)
    async with serving(silent, context(certificate, key)) as port:
        step = await last(Endpoint(host="localhost", port=port, tls=Tls.ON, ca_file=certificate))
    assert (step.ok, step.said) == (False, "the certificate has expired")
    assert "clock" in step.remedy


@pytest.mark.parametrize(("web", "remedy"), [(False, "ca_file"), (True, "public authority")])
async def test_a_self_signed_certificate_is_told(tmp_path: Path, web: bool, remedy: str) -> None:
    certificate, key = make_certificate(tmp_path)
    async with serving(silent, context(certificate, key)) as port:
        step = await last(Endpoint(host="localhost", port=port, tls=Tls.ON, web=web))
    assert not step.ok
    assert "self-signed" in step.said
    assert remedy in step.remedy


async def test_an_authority_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    async with serving(silent) as port:
        step = await last(Endpoint(host="127.0.0.1", port=port, tls=Tls.ON, ca_file=tmp_path / "none.pem"))
    assert "ca_file cannot be read" in step.said


PASSWORD = "proxy-4711-secret"
#: Only the proxy would know where it is.
FAR = Endpoint(host="sms.provider.example", port=443, tls=Tls.ON, web=True)


def by(port: int, **settings: Any) -> Proxy:
    return Proxy.model_validate({"host": "127.0.0.1", "port": port, **settings})


@pytest.mark.parametrize(
    ("says", "said", "remedy"),
    [
        (b"HTTP/1.1 407 No\r\n\r\n", "it does not take our name and password (HTTP 407)", "engine.yaml, proxy"),
        (b"HTTP/1.1 403 No\r\n\r\n", "it does not let us through (HTTP 403)", "allow this machine"),
        (b"HTTP/1.0 500 No\r\nA: b\r\n\r\nc", "it does not get through (HTTP 500)", "its own log"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "it does not do what a proxy does (HTTP 302)", "HTTP proxy?"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "it hung up", "an HTTP proxy?"),
        (b"HTTP/1.1 yes\r\n\r\n", "it hung up", "an HTTP proxy?"),
        (b"x" * 100_000, "it hung up", "an HTTP proxy?"),
    ],
)
async def test_what_a_proxy_says_that_is_no_yes_is_told(says: bytes, said: str, remedy: str) -> None:
    async with serving(saying(says)) as port:
        tcp, step = [each async for each in reach(FAR, by(port, user="tocsin", password=PASSWORD))]
    assert (tcp.name, tcp.ok) == ("tcp", True)
    assert (step.name, step.ok, step.said) == ("proxy", False, f"CONNECT sms.provider.example:443: {said}")
    assert remedy in step.remedy
    assert PASSWORD not in f"{tcp} {step}"


async def test_a_proxy_that_is_silent_is_given_up(patience: None) -> None:
    async with serving(silent) as port:
        *_, step = [each async for each in reach(FAR, by(port))]
    assert (step.name, step.ok) == ("proxy", False)
    assert "CONNECT sms.provider.example:443: no answer in" in step.said
    assert "let the proxy reach sms.provider.example:443" in step.remedy


async def test_a_proxy_that_is_not_there_is_what_a_firewall_must_open() -> None:
    port = free_port()
    [step] = [each async for each in reach(FAR, by(port))]
    assert (step.name, step.ok, step.said) == ("tcp", False, "refused: nothing listens there")
    assert str(port) in step.remedy


async def test_what_is_no_tls_inside_a_tunnel_is_told() -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        _, opened, step = [each async for each in reach(FAR, by(port))]
    assert (opened.name, opened.ok) == ("proxy", True)
    assert opened.said.startswith("CONNECT sms.provider.example:443 accepted (")
    assert (step.name, step.ok) == ("tls", False)


async def test_of_plain_http_the_proxy_is_asked_with_each_request() -> None:
    async with serving(silent) as port:
        _, step = [each async for each in reach(FAR.model_copy(update={"tls": Tls.OFF}), by(port))]
    assert (step.name, step.ok) == ("proxy", True)
    assert "request by request" in step.said
