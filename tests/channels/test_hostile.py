"""Every driver among peers that say nonsense, and before messages that are none: none raises, believes, repeats."""

import asyncio
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from engine.answer import Answer, Outcome
from engine.channels import registry
from engine.net import Http
from engine.reason import Reason
from tests.contracts.hostile import ANSWERS, DRIVERS, GREETINGS, NO_NUMBERS, PEERED, UNFIT, WHOLE, Driven
from tests.contracts.provider import assert_discreet
from tests.servers import require
from tests.servers.hostile import Peer, http
from tests.servers.mailroom import Mailroom

WEB = {name: each for name, each in DRIVERS.items() if each.web}
OWN = {name: each for name, each in PEERED.items() if not each.web}
ENCRYPTED = {name: each for name, each in DRIVERS.items() if each.encrypts}


def over(drivers: dict[str, Driven]) -> pytest.MarkDecorator:
    """Once for each of them."""
    return pytest.mark.parametrize("driven", drivers.values(), ids=drivers)


def test_every_driver_is_here() -> None:
    assert {each.driver for each in DRIVERS.values()} == set(registry.DRIVERS)


async def send(driven: Driven, peer: Peer, trusted: Path = Path("/nonexistent"), **message: Any) -> Answer:
    """One message, to its end, which comes by itself."""
    client = Http()
    provider = driven.provider(peer, trusted, client)
    try:
        async with asyncio.timeout(20):
            answer = await provider.send(driven.message(**message), "r1")
    finally:
        await provider.close()
        await client.close()
    assert_discreet(answer)
    return answer


@over(WEB)
@pytest.mark.parametrize("said", ANSWERS)
async def test_what_is_no_answer_is_unknown_and_nothing_is_sent_twice(driven: Driven, said: str) -> None:
    async with replace(ANSWERS[said]).running() as peer:
        answer = await send(driven, peer)
    if driven.yes and said in WHOLE:
        assert answer.outcome is Outcome.ACCEPTED
    else:
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)
    assert peer.came == 1


@over(WEB)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_followed_by_nobody(driven: Driven, status: str) -> None:
    async with Peer(http(b'{"id": "1"}')).running() as trap:
        where = f"Location: {trap.url}/sent\r\n"
        async with Peer(http(b"", status=status, more=where)).running() as peer:
            answer = await send(driven, peer)
    assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)
    assert (peer.came, trap.came) == (1, 0)


@over(OWN)
@pytest.mark.parametrize("said", GREETINGS)
async def test_where_nobody_greets_as_they_should_nothing_was_taken(driven: Driven, said: str) -> None:
    async with replace(GREETINGS[said]).running() as peer:
        answer = await send(driven, peer)
    assert answer.outcome is Outcome.NOT_TAKEN
    assert answer.reason in (Reason.PROVIDER_UNREACHABLE, Reason.PROVIDER_BUSY)
    assert b"hello" not in peer.heard


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates and keys of servers that are not who they should be."""
    require("openssl")
    made = {}
    for name, words in {
        "self-signed": ("-days", "2", "-addext", "subjectAltName=IP:127.0.0.1"),
        "of another": ("-days", "2", "-addext", "subjectAltName=DNS:other.example"),
    }.items():
        folder = tmp_path_factory.mktemp("tls")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=other.example")
        files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
        subprocess.run(["openssl", "req", "-x509", *key, *words, *files], check=True, capture_output=True)
        made[name] = folder
    return made


def _server(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.fixture
def trusting(certificates: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate of another is one that the whole machine trusts: only its name is wrong."""
    from aiohttp import connector

    trusted = certificates["of another"] / "cert.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    monkeypatch.setattr(connector, "_SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=trusted))
    return trusted


@over(ENCRYPTED)
async def test_a_certificate_that_nobody_vouches_for_is_the_end(
    driven: Driven, certificates: dict[str, Path], trusting: Path
) -> None:
    async with Peer(http(b""), tls=_server(certificates["self-signed"])).running() as peer:
        answer = await send(driven, peer, trusting)
    _assert_not_trusted(driven, answer, "self-signed certificate")
    assert (peer.came, peer.heard) == (0, b"")


@over(ENCRYPTED)
async def test_a_certificate_for_another_name_is_the_end(
    driven: Driven, certificates: dict[str, Path], trusting: Path
) -> None:
    async with Peer(http(b""), tls=_server(certificates["of another"])).running() as peer:
        answer = await send(driven, peer, trusting)
    _assert_not_trusted(driven, answer, "it is for another name")
    assert (peer.came, peer.heard) == (0, b"")


def _assert_not_trusted(driven: Driven, answer: Answer, why: str) -> None:
    if driven.driver == "apprise":  # which keeps it to itself
        assert answer.outcome is Outcome.UNKNOWN
        return
    assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)
    assert answer.detail == f"the certificate is not in order: {why}"


@over(DRIVERS)
@pytest.mark.parametrize("text", UNFIT.values(), ids=UNFIT)
async def test_what_is_no_text_is_refused_before_anything_leaves(driven: Driven, text: str, tmp_path: Path) -> None:
    async with Peer().running() as peer:
        answer = await send(driven, peer, tmp_path / "x", text=text)
    assert (answer.outcome, answer.reason, peer.came) == (Outcome.REFUSED, Reason.UNFIT, 0)
    assert answer.detail.startswith("not sent: U+")


@over(DRIVERS)
@pytest.mark.parametrize("number", NO_NUMBERS)
async def test_what_is_no_address_is_refused_before_anything_leaves(
    driven: Driven, number: str, tmp_path: Path
) -> None:
    async with Peer().running() as peer:
        answer = await send(driven, peer, tmp_path / "x", address=number)
    assert answer.outcome is Outcome.REFUSED
    assert answer.reason in (Reason.BAD_NUMBER, Reason.BAD_ADDRESS)
    assert peer.came == 0


@over({name: each for name, each in DRIVERS.items() if each.message().channel.value == "sms"})
async def test_an_sms_of_three_hundred_parts_is_refused_before_anything_leaves(
    driven: Driven, tmp_path: Path
) -> None:
    async with Peer().running() as peer:
        answer = await send(driven, peer, tmp_path / "x", text="x" * 153 * 300)
    assert (answer.outcome, answer.reason, peer.came) == (Outcome.REFUSED, Reason.TOO_LONG, 0)


async def test_a_title_cannot_add_a_header(tmp_path: Path) -> None:
    async with Mailroom.running() as room:
        peer = Peer(port=room.port)
        title = "fire\r\nBcc: eve@example.org\r\n\r\nbody\x00\ud83d"
        answer = await send(DRIVERS["smtp"], peer, tmp_path, title=title)
    assert answer.outcome is Outcome.ACCEPTED
    [taken] = room.taken
    assert (taken.parsed["Subject"], taken.parsed["Bcc"], taken.to) == ("fire", None, "anna@example.org")
    assert taken.parsed.get_content_type() == "multipart/alternative"


#: Settings that a phone, a page or a mail shows as whom it is from, or that a driver puts into a header.
SHOWN = ("sender", "fax_sender", "originator", "subject", "user", "service", "gate", "partner", "smsc", "modem")


@over(DRIVERS)
@pytest.mark.parametrize("control", ["\r\nX-Evil: 1", "\n", "\x00", "\x1b[31m", "\x85"])
def test_no_setting_that_is_shown_may_hold_a_control_character(driven: Driven, control: str, tmp_path: Path) -> None:
    model = registry.SETTINGS[driven.driver]
    known = {"driver": driven.driver, **driven.settings(Peer(port=9), tmp_path / "x")}
    model.model_validate(known)
    for name in SHOWN:
        if name in model.model_fields:
            with pytest.raises(ValidationError):
                model.model_validate({**known, name: f"a{control}b"})
