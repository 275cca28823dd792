"""Debian's tinyproxy carries messages to a provider that only it can find; what it does not carry was not taken."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.answer import Answer, Outcome
from engine.channels import registry
from engine.channels.providers.kannel import KannelSettings
from engine.net import Http
from engine.proxy import Proxy
from engine.reason import Reason
from tests.contracts.provider import SECRET, a_message
from tests.servers import make_certificate
from tests.servers.hostile import Peer, http
from tests.servers.installation import ROOT, Installation, Person
from tests.servers.pymap_server import PymapServer
from tests.servers.tinyproxy import HOST, PASSWORD, USER, Tinyproxy

pytestmark = pytest.mark.live

TAKEN = http(b"0: Accepted for delivery", status="202 Accepted")
NOT_TAKEN = (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)


@pytest.fixture
async def tinyproxy(tmp_path: Path) -> AsyncIterator[Tinyproxy]:
    folder = tmp_path / "tinyproxy"
    folder.mkdir()
    async with Tinyproxy(folder).running() as running:
        yield running


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A certificate for the provider and its key; the machine trusts it."""
    from aiohttp import connector

    made = make_certificate(tmp_path, HOST)
    monkeypatch.setattr(connector, "_SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=made[0]))
    monkeypatch.setenv("SSL_CERT_FILE", str(made[0]))
    return made


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


async def send(url: str, proxy: Proxy) -> Answer:
    settings = {"driver": "kannel", "url": f"{url}/cgi-bin/sendsms", "user": "u", "password": SECRET}
    client = Http(proxy)
    provider = registry.build("gateway", KannelSettings.model_validate(settings), client)
    try:
        answer = await provider.send(a_message(), "r1")
    finally:
        await provider.close()
        await client.close()
    for hidden in (PASSWORD, SECRET):
        assert hidden not in repr(answer)
    return answer


async def test_a_message_goes_through_the_tunnel_unread(tinyproxy: Tinyproxy, tls: ssl.SSLContext) -> None:
    async with Peer(TAKEN, tls=tls).running() as provider:
        answer = await send(f"https://{HOST}:{provider.port}", tinyproxy.proxy())
    assert answer.outcome is Outcome.ACCEPTED, answer
    assert tinyproxy.asked() == [f"CONNECT {HOST}:{provider.port} HTTP/1.1"]
    assert SECRET.encode() in provider.heard
    assert b"Proxy-" not in provider.heard
    assert SECRET not in (tinyproxy.folder / "log").read_text()


async def test_a_message_in_plain_http_is_passed_on(tinyproxy: Tinyproxy) -> None:
    async with Peer(TAKEN).running() as provider:
        answer = await send(f"http://{HOST}:{provider.port}", tinyproxy.proxy())
    assert answer.outcome is Outcome.ACCEPTED, answer
    assert tinyproxy.asked()[0].startswith(f"GET http://{HOST}:{provider.port}/cgi-bin/sendsms?")
    assert b"tinyproxy" in provider.heard  # its Via
    assert b"Proxy-" not in provider.heard


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_wrong_password_for_the_proxy_is_told_and_nothing_was_taken(
    tinyproxy: Tinyproxy, tls: ssl.SSLContext, scheme: str
) -> None:
    async with Peer(TAKEN, tls=tls if scheme == "https" else None).running() as provider:
        answer = await send(f"{provider.url.replace('127.0.0.1', HOST)}", tinyproxy.proxy(password="wrong"))
    assert (answer.outcome, answer.reason) == NOT_TAKEN
    said = "it does not take our name and password" if scheme == "https" else "does not let us in"
    assert f"the proxy 127.0.0.1:{tinyproxy.port}" in answer.detail
    assert said in answer.detail
    assert (provider.came, provider.heard) == (0, b"")


async def test_a_provider_that_the_proxy_cannot_reach_took_nothing(tinyproxy: Tinyproxy) -> None:
    answer = await send("https://nobody.example", tinyproxy.proxy())
    assert (answer.outcome, answer.reason) == NOT_TAKEN
    assert answer.detail.endswith(f"the proxy 127.0.0.1:{tinyproxy.port}: it does not get through (HTTP 500)")


async def test_of_plain_http_that_the_proxy_answered_itself_nobody_knows(tinyproxy: Tinyproxy) -> None:
    answer = await send("http://nobody.example", tinyproxy.proxy())
    assert answer.outcome is Outcome.UNKNOWN
    assert "or the provider behind it failed (HTTP 500)" in answer.detail


async def test_without_the_proxy_nothing_was_taken(tmp_path: Path) -> None:
    gone = Tinyproxy(tmp_path)
    answer = await send(f"https://{HOST}", gone.proxy())
    assert (answer.outcome, answer.reason) == NOT_TAKEN
    assert f"the proxy 127.0.0.1:{gone.port}: the connection was refused" in answer.detail


async def test_what_is_near_or_named_is_not_asked_of_the_proxy(tinyproxy: Tinyproxy) -> None:
    async with Peer(TAKEN).running() as provider:
        for host in ("localhost", "127.0.0.1"):
            assert (await send(f"http://{host}:{provider.port}", tinyproxy.proxy())).outcome is Outcome.ACCEPTED
        # Only the proxy knows where that is, and it is not asked.
        lost = await send(f"http://{HOST}:{provider.port}", tinyproxy.proxy(direct=("provider.example",)))
    assert (lost.outcome, lost.reason) == NOT_TAKEN
    assert "proxy" not in lost.detail
    assert tinyproxy.asked() == []


class Place:
    """A configuration with one provider behind the proxy, and the command line."""

    def __init__(self, folder: Path, proxy: Tinyproxy, url: str) -> None:
        self.folder = folder
        (folder / "secrets").mkdir(parents=True)
        (folder / "secrets/proxy").write_text(PASSWORD)
        (folder / "engine.yaml").write_text(
            f"version: 1\ndata: {folder}/var\n"
            f"proxy: {{url: 'http://127.0.0.1:{proxy.port}', user: {USER}, password_file: secrets/proxy}}\n"
            f"providers:\n  sms: {{driver: kannel, url: '{url}/cgi-bin/sendsms', user: u, password: {SECRET}}}\n"
        )
        line = "{prefix: '+32', price: '0.08', provider: sms}"
        (folder / "tariff.yaml").write_text(f"version: 1\ncurrency: EUR\nsms: [{line}]\n")

    async def tocsin(self, *words: str) -> str:
        """What it prints."""

        def run() -> str:
            # A variable of some shell, which nobody asks.
            surroundings = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:1"}
            command = [sys.executable, "-m", "engine", "-c", str(self.folder), *words]
            done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
            return done.stdout + done.stderr

        said = await asyncio.to_thread(run)
        assert PASSWORD not in said
        return said


async def test_the_doctor_shows_each_step_through_the_proxy(
    tmp_path: Path, tinyproxy: Tinyproxy, tls: ssl.SSLContext
) -> None:
    async with Peer(http(b"Empty receiver", status="400 No"), tls=tls).running() as provider:
        place = Place(tmp_path / "config", tinyproxy, f"https://{HOST}:{provider.port}")
        said = await place.tocsin("doctor")
        (place.folder / "secrets/proxy").write_text("wrong-4711")
        wrong = await place.tocsin("doctor")
    way = f"provider sms {HOST}:{provider.port} through 127.0.0.1:{tinyproxy.port}"
    steps = [line.partition(f"{way}  ")[2] for line in said.splitlines() if way in line]
    assert [step.partition(":")[0] for step in steps] == ["tcp", "proxy", "tls"], said
    assert steps[1].startswith(f"proxy: CONNECT {HOST}:{provider.port} accepted (")
    assert f"the certificate is for {HOST} and valid for" in steps[2]
    assert "ok    provider sms  sign-in: it lets us in" in said
    assert "HTTPS_PROXY" not in said
    no = f"proxy: CONNECT {HOST}:{provider.port}: it does not take our name and password (HTTP 401)"
    assert f"FAIL  {way}  {no}\n      to mend it: write the right ones into engine.yaml, proxy" in wrong
    assert "sign-in" not in wrong
    assert "wrong-4711" not in wrong


async def test_the_doctor_names_a_proxy_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "tinyproxy").mkdir()
    gone = Tinyproxy(tmp_path / "tinyproxy")
    said = await Place(tmp_path / "config", gone, f"https://{HOST}").tocsin("doctor")
    assert f"FAIL  provider sms {HOST}:443 through 127.0.0.1:{gone.port}  tcp: refused" in said
    assert f"to mend it: start what should listen on 127.0.0.1:{gone.port}" in said


async def test_a_test_message_goes_through_the_proxy(
    tmp_path: Path, tinyproxy: Tinyproxy, tls: ssl.SSLContext
) -> None:
    async with Peer(TAKEN, tls=tls).running() as provider:
        place = Place(tmp_path / "config", tinyproxy, f"https://{HOST}:{provider.port}")
        said = await place.tocsin("send", "--to", "+32 470 00 00 01", "--text", "Hello", "--test", "--wait", "1")
    assert said.splitlines()[-1] == "accepted", said
    assert f"CONNECT {HOST}:{provider.port} HTTP/1.1" in tinyproxy.asked()
    assert b"to=%2B32470000001" in provider.heard


async def test_a_running_engine_takes_up_a_new_password_for_the_proxy_and_what_waited_goes_out(
    tmp_path: Path, tinyproxy: Tinyproxy, tls: ssl.SSLContext
) -> None:
    password = tmp_path / "password"
    password.write_text("wrong-4711-secret")
    rules = "version: 1\nrules: [{name: All, when: {subject: mail}, notify: {text: Hello, signature: off}}]\n"
    installation = Installation(tmp_path / "installation")
    async with Peer(TAKEN, tls=tls).running() as provider, PymapServer.running(users=1) as server:
        url = f"https://{HOST}:{provider.port}/cgi-bin/sendsms"
        installation.gateways = (
            f"  gate: {{driver: kannel, url: '{url}', user: u, password: {SECRET}}}\n"
            f"proxy: {{url: 'http://127.0.0.1:{tinyproxy.port}', user: {USER}, password_file: '{password}'}}\n"
        )
        installation.write([Person("anna", "+32470000001", "u1", provider="gate", parts=10, rules=rules)], server)
        try:
            await installation.start_engine()
            await installation.watching(1)
            await server.deliver("u1", b"From: x@example.org\r\nSubject: mail\r\n\r\n.\r\n")
            await installation.until(lambda: bool(tinyproxy.asked()), "the first try")
            password.write_text(PASSWORD)
            await installation.until(lambda: b"sendsms" in provider.heard, "the message")
            assert provider.heard.count(b"sendsms") == 1
            assert await installation.end_engine() == 0
            log = installation.log.read_text()
            assert "of provider gate is in force" in log
            assert PASSWORD not in log
            assert "wrong-4711" not in log
        finally:
            await installation.close()
