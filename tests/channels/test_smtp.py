"""Mail to a server in memory: the contract of providers, and what stands in a mail; OpenSMTPD is in tests/live."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import dkim
import pytest
import pytest_asyncio
from pydantic import ValidationError

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels import registry
from engine.channels.provider import Provider
from engine.channels.providers.smtp import SmtpProvider, SmtpSettings
from engine.errors import ProviderError
from engine.event import MailArrived
from engine.message import Message
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import Fate
from engine.rules.when.automatic import kinds
from tests.contracts.provider import GARBAGE, LONG, NUMBER, SECRET, TEXT, Callback, ProviderContract, a_message
from tests.servers import require
from tests.servers.mailroom import Mailroom, Taken

TO = f"anna.{NUMBER[1:]}@example.org"
SENDER = "Tocsin <tocsin@ours.example>"
BOUNCES = "bounce@ours.example"


def a_provider(room: Mailroom, **settings: Any) -> SmtpProvider:
    known = {"driver": "smtp", "host": "127.0.0.1", "port": room.port, "tls": "off", "sender": SENDER}
    if room.password:
        known |= {"user": "tocsin", "password": SECRET}
    found = registry.build("post", SmtpSettings.model_validate(known | settings), Http())
    assert isinstance(found, SmtpProvider)
    return found


def a_mail(text: str = TEXT, to: str = TO) -> Message:
    return a_message(text).model_copy(update={"channel": Channel.EMAIL, "address": to})


class Addressed(SmtpProvider):
    """The contract speaks of numbers; here each stands in an address."""

    async def send(self, message: Message, client_ref: str) -> Answer:
        return await super().send(message.model_copy(update={"address": TO, "channel": Channel.EMAIL}), client_ref)


def dsn(token: str, action: str = "failed", status: str = "5.1.1", envid: str = "") -> bytes:
    """A report as OpenSMTPD writes it."""
    known = f"Original-Envelope-Id: {envid}\n" if envid else ""
    return f"""Return-Path: <>
To: bounce+{token}@ours.example
Subject: Delivery status notification
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

{known}Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; {TO}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <{TO}> no such user

--b--
""".encode()


class MailRig:
    """A mail server in memory."""

    def __init__(self, room: Mailroom) -> None:
        self.room = room

    def provider(self, provider_class: ProviderClass, timeout: timedelta = LONG) -> Provider:
        assert provider_class is ProviderClass.OPAQUE
        settings = a_provider(self.room, timeout=timeout, bounce_address=BOUNCES, bounce_key=SECRET)._settings
        return Addressed("post", settings, Http(), "")

    async def behave(self, do: str, **how: Any) -> None:
        self.room.next = {"do": do, **how}

    def taken(self) -> list[str]:
        return [each.return_path.partition("+")[2].rpartition("-")[0] for each in self.room.taken]

    async def switch_off(self) -> None:
        await self.room.stop()

    def _token(self, ref: str) -> str:
        provider = self.provider(ProviderClass.OPAQUE)
        assert isinstance(provider, SmtpProvider)
        return provider.token(ref)

    def callbacks(self, ref: str) -> list[Callback]:
        token = self._token(ref)
        return [Callback(body=dsn(token, action)) for action in ("failed", "delayed", "delivered", "relayed")]

    def forgeries(self, ref: str) -> list[Callback]:
        token = self._token(ref)
        nested = b"Content-Type: message/rfc822\n\n" * 2000
        wrong = (token[:-1], token[1:], f"r2{token.removeprefix(ref)}", ref, f"{ref}-", "-", "")
        return [Callback(body=body) for body in (*map(dsn, wrong), nested, *GARBAGE)]

    def garbage(self, ref: str) -> list[Callback]:
        token = self._token(ref)
        holiday = f"To: bounce+{token}@ours.example\n\nI am on holiday.".encode()
        return [Callback(body=body) for body in (holiday, dsn(token, "guessed"), dsn(token, ""))]


@pytest_asyncio.fixture
async def room() -> AsyncIterator[Mailroom]:
    async with Mailroom.running() as made:
        yield made


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[MailRig]:
    async with Mailroom.running(password=SECRET) as made:
        yield MailRig(made)


class TestSmtp(ProviderContract):
    """Every promise of the contract, for a mail server."""

    classes: ClassVar = (ProviderClass.OPAQUE,)
    refusals: ClassVar = {
        "bad_number": Reason.BAD_ADDRESS,
        "bare": Reason.BAD_ADDRESS,
        "mailbox_full": Reason.MAILBOX_FULL,
        "auth": Reason.PROVIDER_AUTH,
        "refused": Reason.PROVIDER_REFUSED,
        "policy": Reason.PROVIDER_REFUSED,
    }
    says_when: ClassVar = False
    names_messages: ClassVar = False


async def taken(room: Mailroom, message: Message, **settings: Any) -> Taken:
    """The mail as it arrives."""
    answer = await a_provider(room, **settings).send(message, "r1")
    assert answer.outcome is Outcome.ACCEPTED, answer
    return room.taken[-1]


@pytest.mark.parametrize(
    "text", ["Größe €5 é å ö", "☺ Ξж 👨‍👩‍👧", ".\n..\n.leading", "x" * 3000, "From me\r\nand\rmore", "a\tb", "\n\n"]
)
async def test_every_character_arrives_as_text(room: Mailroom, text: str) -> None:
    mail = (await taken(room, a_mail(text))).parsed
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == (text.splitlines() or [""])


async def test_a_mail_is_ascii_and_its_lines_are_short(room: Mailroom) -> None:
    raw = (await taken(room, a_mail("€" * 5000))).mail
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998


async def test_the_html_says_the_same_and_makes_nothing_of_what_looks_like_html(room: Mailroom) -> None:
    mail = (await taken(room, a_mail("<script>1 & 2\nsee https://example.org/?a=1&b=2."))).parsed
    html = mail.get_body(("html",))
    assert html is not None
    said = html.get_content()
    assert "&lt;script&gt;1 &amp; 2<br>" in said
    assert '<a href="https://example.org/?a=1&amp;b=2">https://example.org/?a=1&amp;b=2</a>.' in said
    assert (await taken(room, a_mail(), html="false")).parsed.get_content_type() == "text/plain"


async def test_the_same_message_is_the_same_mail_to_who_reads_it_twice(room: Mailroom) -> None:
    message = a_mail()
    provider = a_provider(room)
    await provider.send(message, "a-1")
    await provider.send(message, "a-2")
    await provider.send(a_mail(), "b-1")
    ids = [each.parsed["Message-ID"] for each in room.taken]
    assert ids[0] == ids[1] == f"<{message.id.hex}@ours.example>" != ids[2]


async def test_our_own_mail_is_known_again_and_triggers_nothing(room: Mailroom) -> None:
    mail = (await taken(room, a_mail())).parsed
    arrived = MailArrived.model_construct(headers=tuple(mail.items()), sender=None)
    assert kinds(arrived) == {"own", "automatic"}


async def test_what_servers_report_names_the_message(room: Mailroom) -> None:
    it = await taken(room, a_mail(), bounce_address=BOUNCES, bounce_key=SECRET)
    token = it.return_path.removeprefix("bounce+").removesuffix("@ours.example")
    assert token.startswith("r1-")
    assert it.options[-3:] == [f"ENVID={token}".upper(), "RET=HDRS", "NOTIFY=FAILURE,DELAY"]
    assert it.parsed["X-Tocsin-Id"] == token
    await taken(room, a_mail(), bounce_address=BOUNCES, bounce_key=SECRET, confirm="true")
    assert room.taken[-1].options[-1] == "NOTIFY=SUCCESS,FAILURE,DELAY"


async def test_a_server_that_knows_no_reports_is_not_asked_for_them(room: Mailroom) -> None:
    room.dsn = False
    it = await taken(room, a_mail(), bounce_address=BOUNCES, bounce_key=SECRET)
    assert not [option for option in it.options if not option.startswith("SIZE=")]


async def test_consent_is_withdrawn_in_one_click_where_an_address_is_given(room: Mailroom) -> None:
    message = a_mail()
    mail = (await taken(room, message, unsubscribe="https://ours.example/stop/{message}")).parsed
    assert mail["List-Unsubscribe"] == f"<https://ours.example/stop/{message.id.hex}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (await taken(room, a_mail())).parsed["List-Unsubscribe"] is None


OURS = f"https://tocsin.example/unsubscribe/{'A' * 22}/{'b' * 22}"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, OURS),
        ({"unsubscribe": "off"}, None),
        ({"unsubscribe": "https://ours.example/stop"}, "https://ours.example/stop"),
    ],
    ids=["our own", "switched off", "another"],
)
async def test_the_engines_own_address_is_used_unless_the_settings_say_otherwise(
    room: Mailroom, settings: dict[str, str], expected: str | None
) -> None:
    it = await taken(room, a_mail().model_copy(update={"unsubscribe": OURS}), **settings)
    line = f"List-Unsubscribe: <{expected}>\r\n".encode()
    assert (line in it.mail) is (expected is not None)  # in one piece: no mail program reads encoded words here
    assert (b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in it.mail) is (expected is not None)


@pytest.mark.parametrize(
    "to",
    [
        "anna@example.org\r\nBcc: eve@example.org",
        "anna@example.org\nRCPT TO:<eve@example.org>",
        "anna@example.org> SIZE=1",
        "anna",
        "@",
        "a b@example.org",
        "anna@exa mple.org",
        "anna@example.org, eve@example.org",
        '"\r\n"@example.org',
        "é@example.org",
        "anna@example..org",
        "x" * 65 + "@example.org",
        "anna@\udcff.org",
        "",
    ],
)
async def test_an_address_that_is_more_than_one_is_refused_before_anything_leaves(room: Mailroom, to: str) -> None:
    answer = await a_provider(room).send(a_mail(to=to), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.BAD_ADDRESS)
    assert room.taken == []


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\x85b", "\ud83d", "\x7f"])
async def test_a_text_that_is_none_is_refused_before_anything_leaves(room: Mailroom, text: str) -> None:
    answer = await a_provider(room).send(a_mail(text), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.UNFIT)
    assert room.taken == []


@pytest.mark.parametrize(
    "text", ["Hi\r\nBcc: eve@example.org\r\n\r\nbody", "Hi\u2028Bcc: e@example.org", "Subject: x"]
)
async def test_a_subject_made_of_a_text_adds_no_header(room: Mailroom, text: str) -> None:
    mail = (await taken(room, a_mail(text))).parsed
    assert mail["Bcc"] is None
    assert mail["Subject"] in text.replace("\u2028", " ")
    assert len(mail.get_all("Subject", [])) == 1


async def test_a_long_first_line_is_cut_in_the_subject_only(room: Mailroom) -> None:
    mail = (await taken(room, a_mail("é" * 300))).parsed
    assert mail["Subject"] == "é" * 99 + "…"


async def test_a_domain_of_other_letters_is_written_in_ascii(room: Mailroom) -> None:
    assert (await taken(room, a_mail(to="anna@bücher.example"))).to == "anna@xn--bcher-kva.example"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, and its key, in one file."""
    require("openssl")

    folder = tmp_path_factory.mktemp("tls")
    wanted = ["-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-keyout", "key", "-out", "cert", *wanted],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text((folder / "key").read_text() + (folder / "cert").read_text())
    return both


async def test_with_starttls_the_certificate_is_looked_at(certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with Mailroom.running(tls=context) as room:
        assert (await taken(room, a_mail(), tls="starttls", ca_file=certificate)).to == TO
        answer = await a_provider(room, tls="starttls").send(a_mail(), "r1")
        assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)
        assert "certificate" in answer.detail
        assert len(room.taken) == 1


async def test_a_server_that_hides_starttls_gets_nothing(room: Mailroom) -> None:
    answer = await a_provider(room, tls="starttls").send(a_mail(), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)
    assert "STARTTLS" in answer.detail
    assert room.taken == []


async def test_a_server_that_lets_nobody_sign_in_gets_nothing() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        await reader.readline()
        writer.write(b"250 mail\r\n")
        await reader.read()
        writer.close()
        gone.set()

    gone = asyncio.Event()
    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        room = Mailroom(password=SECRET, port=server.sockets[0].getsockname()[1])
        answer = await a_provider(room).send(a_mail(), "r1")
        await gone.wait()
    assert (answer.outcome, answer.detail) == (Outcome.NOT_TAKEN, "it lets nobody sign in")


@pytest.mark.parametrize("greeting", [b"", b"554 no service\r\n", b"421 busy\r\n", b"hello\r\n", b"220-\xff\xfe"])
async def test_what_goes_wrong_before_the_mail_has_left_is_known_not_to_be_taken(greeting: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()
        await writer.wait_closed()
        gone.set()

    gone = asyncio.Event()
    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        room = Mailroom(port=server.sockets[0].getsockname()[1])
        answer = await a_provider(room).send(a_mail(), "r1")
        await gone.wait()
    assert answer.outcome is (Outcome.REFUSED if greeting.startswith(b"5") else Outcome.NOT_TAKEN)


async def test_a_signed_mail_can_be_verified_and_a_changed_one_not(room: Mailroom, tmp_path: Path) -> None:
    require("openssl")

    key = tmp_path / "dkim"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "rsa", "-in", key, "-pubout"], check=True, capture_output=True, text=True
    ).stdout
    record = f"v=DKIM1; k=rsa; p={''.join(public.splitlines()[1:-1])}".encode()
    stop = "https://ours.example/stop"
    mail = (await taken(room, a_mail("Größe\n€"), dkim_selector="one", dkim_key_file=key, unsubscribe=stop)).mail
    assert b"d=ours.example" in mail
    assert dkim.verify(mail, dnsfunc=lambda name, **_: record)
    assert not dkim.verify(mail.replace(b"One-Click", b"Two-Click"), dnsfunc=lambda name, **_: record)
    key.write_text("no key")
    with pytest.raises(ProviderError, match="cannot sign"):
        a_provider(room, dkim_selector="one", dkim_key_file=key)


@pytest.mark.parametrize(
    ("action", "status", "fate", "reason"),
    [
        ("failed", "5.1.1", Fate.UNDELIVERED, Reason.BAD_ADDRESS),
        ("Failed", "5.2.2", Fate.UNDELIVERED, Reason.MAILBOX_FULL),
        ("failed", "5.7.1", Fate.UNDELIVERED, Reason.UNDELIVERED),
        ("failed", "4.4.7", Fate.UNDELIVERED, Reason.UNDELIVERED),
        ("delayed", "4.4.1", Fate.SENT, Reason.ACCEPTED),
        ("relayed", "2.0.0", Fate.SENT, Reason.ACCEPTED),
        ("delivered", "2.0.0", Fate.DELIVERED, Reason.DELIVERED),
    ],
)
async def test_each_action_of_a_report_has_one_fate(
    room: Mailroom, action: str, status: str, fate: Fate, reason: Reason
) -> None:
    provider = a_provider(room, bounce_address=BOUNCES, bounce_key=SECRET)
    [report] = provider.read_callback({}, {}, dsn(provider.token("r1"), action, status))
    assert (report.client_ref, report.fate, report.reason) == ("r1", fate, reason)
    assert status in report.detail
    assert "@" not in report.detail


async def test_a_report_to_the_plain_address_is_known_by_its_envelope_id(room: Mailroom) -> None:
    provider = a_provider(room, bounce_address=BOUNCES, bounce_key=SECRET)
    [report] = provider.read_callback({}, {}, dsn("", envid=provider.token("r1").upper()))
    assert report.client_ref == "r1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "mail.example.org"},
        {"host": "1.2.3.4"},
        {"host": "a b"},
        {"user": "tocsin"},
        {"password": SECRET},
        {"user": "tocsin", "password": SECRET, "password_file": "x"},
        {"sender": "Tocsin"},
        {"sender": "Tocsin <tocsin@ours.example>\nBcc: x@example.org"},
        {"sender": "a@b.example, c@d.example"},
        {"reply_to": "nobody"},
        {"bounce_address": BOUNCES},
        {"bounce_key": SECRET},
        {"bounce_address": "a-very-long-name@ours.example", "bounce_key": SECRET},
        {"confirm": "true"},
        {"unsubscribe": "http://ours.example"},
        {"unsubscribe": "https://ours.example/>, <mailto:x@y.example"},
        {"dkim_selector": "one"},
        {"dkim_key_file": "x"},
        {"ca_file": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    known = {"driver": "smtp", "host": "127.0.0.1", "tls": "off", "sender": SENDER, **wrong}
    with pytest.raises(ValidationError) as raised:
        SmtpSettings.model_validate(known)
    assert SECRET not in str(raised.value.errors(include_input=False))


def test_the_port_follows_the_encryption() -> None:
    known = {"driver": "smtp", "host": "mail.example.org", "sender": SENDER}
    ports = {tls: SmtpSettings.model_validate(known | {"tls": tls}).at_port for tls in ("starttls", "on")}
    assert ports == {"starttls": 587, "on": 465}
