"""SMS and fax by mail to a gateway: the contract of providers, and the mail that it gets."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import pytest_asyncio
from pydantic import ValidationError
from pypdf import PdfReader

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.provider import Provider
from engine.channels.providers.email_gateway import EmailGatewaySettings
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from tests.contracts.provider import GARBAGE, LONG, NUMBER, SECRET, Callback, ProviderContract, a_message
from tests.servers.mailroom import Mailroom

SMS = "{number}@sms.example"


def a_provider(room: Mailroom, **settings: Any) -> Provider:
    known = {"driver": "email_gateway", "host": "127.0.0.1", "port": room.port, "tls": "off", "address": SMS}
    if room.password:
        known |= {"user": "tocsin", "password": SECRET}
    known |= {"sender": "Tocsin <tocsin@ours.example>", **settings}
    return registry.build("gate", EmailGatewaySettings.model_validate(known), Http())


class GatewayRig:
    """A mail server in memory; the subject carries our reference, for the contract to count by."""

    def __init__(self, room: Mailroom) -> None:
        self.room = room
        self.refs: dict[str, str] = {}

    def provider(self, provider_class: ProviderClass, timeout: timedelta = LONG) -> Provider:
        assert provider_class is ProviderClass.OPAQUE
        made = a_provider(self.room, timeout=timeout)
        send = made.send

        async def noted(message: Any, client_ref: str) -> Any:
            self.refs[message.id.hex] = client_ref
            return await send(message, client_ref)

        made.send = noted  # type: ignore[method-assign]
        return made

    async def behave(self, do: str, **how: Any) -> None:
        self.room.next = {"do": do, **how}

    def taken(self) -> list[str]:
        return [self.refs[each.parsed["X-Tocsin-Id"]] for each in self.room.taken]

    async def switch_off(self) -> None:
        await self.room.stop()

    def callbacks(self, ref: str) -> list[Callback]:
        return []

    def forgeries(self, ref: str) -> list[Callback]:
        return [Callback(body=body) for body in GARBAGE]

    def garbage(self, ref: str) -> list[Callback]:
        return []


@pytest_asyncio.fixture
async def room() -> AsyncIterator[Mailroom]:
    async with Mailroom.running() as made:
        yield made


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[GatewayRig]:
    async with Mailroom.running(password=SECRET) as made:
        yield GatewayRig(made)


class TestEmailGateway(ProviderContract):
    """Every promise of the contract, for a gateway by mail."""

    classes: ClassVar = (ProviderClass.OPAQUE,)
    refusals: ClassVar = {
        "bad_number": Reason.BAD_ADDRESS,
        "auth": Reason.PROVIDER_AUTH,
        "refused": Reason.PROVIDER_REFUSED,
    }
    says_when: ClassVar = False
    names_messages: ClassVar = False


@pytest.mark.parametrize(
    ("template", "to"), [(SMS, f"{NUMBER}@sms.example"), ("s.{digits}@x.y", f"s.{NUMBER[1:]}@x.y")]
)
async def test_the_number_stands_in_the_address_and_the_code_in_the_subject(
    room: Mailroom, template: str, to: str
) -> None:
    await a_provider(room, address=template, subject="code 4711").send(a_message("Größe €"), "r1")
    [it] = room.taken
    mail = it.parsed
    assert (it.to, mail["To"], mail["Subject"]) == (to, to, "code 4711")
    assert (mail.get_content_type(), mail.get_content()) == ("text/plain", "Größe €\r\n")


async def test_a_fax_goes_as_pages(room: Mailroom) -> None:
    provider = a_provider(room, carries="fax", address="{digits}@fax.example")
    await provider.send(a_message("Größe €\n" * 61), "r1")
    [pdf] = room.taken[0].parsed.iter_attachments()
    assert (pdf.get_content_type(), pdf.get_filename()) == ("application/pdf", "fax.pdf")
    pages = PdfReader(io.BytesIO(pdf.get_content())).pages
    assert len(pages) == 2
    assert "Größe €" in pages[0].extract_text()


def test_it_carries_what_its_settings_say() -> None:
    room = Mailroom(port=25)
    assert a_provider(room).channels == {Channel.SMS}
    fax = a_provider(room, carries="fax")
    assert fax.channels == {Channel.FAX}
    known = {"driver": "email_gateway", "host": "localhost", "tls": "off", "sender": "a@b.example", "address": SMS}
    assert registry.channels_of(EmailGatewaySettings.model_validate(known | {"carries": "fax"})) == {Channel.FAX}


@pytest.mark.parametrize("number", ["+32\r\nBcc: x", "0470", "anna@example.org", "+32>", ""])
async def test_a_number_that_is_none_is_refused_before_anything_leaves(room: Mailroom, number: str) -> None:
    answer = await a_provider(room).send(a_message(number=number), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.BAD_NUMBER)
    assert room.taken == []


async def test_a_text_that_is_none_is_refused_before_anything_leaves(room: Mailroom) -> None:
    answer = await a_provider(room).send(a_message("\ud83d"), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.UNFIT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "sms@example.org"},
        {"address": "{number}{digits}@example.org"},
        {"address": "{number}"},
        {"address": "{number}@sms.example\r\nBcc: x@y.z"},
        {"subject": "a\nb"},
        {"carries": "mms"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    known = {"driver": "email_gateway", "host": "localhost", "tls": "off", "sender": "a@b.example", "address": SMS}
    with pytest.raises(ValidationError):
        EmailGatewaySettings.model_validate(known | wrong)
