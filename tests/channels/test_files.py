"""A file that goes with a message reaches whoever carries it: in a mail, on the pages of a fax."""

import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.providers.email_gateway import EmailGatewaySettings
from engine.channels.providers.smtp import SmtpSettings
from engine.medium import Medium
from engine.message import Message
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from tests.contracts.provider import a_message
from tests.servers.mailroom import Mailroom
from tests.servers.vendors.interfax import Interfax


def a_pdf(pages: int = 2) -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(300, 400)
    writer.write(out)
    return out.getvalue()


def a_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "PNG")
    return out.getvalue()


MEDIA = (
    Medium(id=UUID(int=1), name="a ☂.pdf", media_type="application/pdf", body=a_pdf()),
    Medium(id=UUID(int=2), name='b"\r\nBcc: e@x.example.png', media_type="image/png", body=a_picture()),
)
LOCKED = Medium(id=UUID(int=3), name="x.pdf", media_type="application/pdf", body=b"%PDF-1.7\nnothing")


def a_fax(*media: Medium) -> Message:
    return a_message("line\n" * 61).model_copy(update={"channel": Channel.FAX, "media": media})


@pytest.fixture
async def interfax() -> AsyncIterator[Interfax]:
    made = Interfax()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def room() -> AsyncIterator[Mailroom]:
    async with Mailroom.running() as made:
        yield made


def pages(pdf: bytes) -> int:
    return len(PdfReader(io.BytesIO(pdf)).pages)


async def test_files_follow_the_text_of_a_fax(interfax: Interfax) -> None:
    provider = interfax.provider(ProviderClass.QUERYABLE)
    assert (await provider.send(a_fax(*MEDIA), "r1")).outcome is Outcome.ACCEPTED
    assert pages(interfax.requests[0]["body"]) == 2 + 2 + 1


async def test_a_file_that_cannot_be_drawn_after_all_leaves_nothing_half_sent(interfax: Interfax) -> None:
    answer = await interfax.provider(ProviderClass.QUERYABLE).send(a_fax(LOCKED), "r1")
    assert (answer.outcome, interfax.requests) == (Outcome.REFUSED, [])
    assert "x.pdf" in answer.detail


async def test_a_gateway_by_mail_gets_one_pdf_of_text_and_files(room: Mailroom) -> None:
    settings = {**_server(room), "driver": "email_gateway", "carries": "fax", "address": "{digits}@fax.example"}
    provider = registry.build("post", EmailGatewaySettings.model_validate(settings), Http())
    assert (await provider.send(a_fax(*MEDIA), "r1")).outcome is Outcome.ACCEPTED
    [pdf] = room.taken[0].parsed.iter_attachments()
    assert pages(pdf.get_content()) == 5
    answer = await provider.send(a_fax(LOCKED), "r2")
    assert (answer.outcome, answer.reason, len(room.taken)) == (Outcome.REFUSED, Reason.UNFIT, 1)


async def test_a_mail_has_the_files_with_it_and_the_subject_of_what_it_tells_of(room: Mailroom) -> None:
    provider = registry.build("post", SmtpSettings.model_validate({**_server(room), "driver": "smtp"}), Http())
    more = {"channel": Channel.EMAIL, "address": "anna@x.example", "media": MEDIA, "title": "Spoed: koelcel"}
    answer = await provider.send(a_message("Boss: Spoed").model_copy(update=more), "r1")
    assert answer.outcome is Outcome.ACCEPTED
    mail = room.taken[0].parsed
    assert mail["Subject"] == "Spoed: koelcel"
    assert mail["Bcc"] is None
    first, second = mail.iter_attachments()
    assert (first.get_filename(), first.get_content_type(), first.get_content()) == (
        "a ☂.pdf",
        "application/pdf",
        a_pdf(),
    )
    assert (second.get_content_type(), second.get_content()) == ("image/png", a_picture())


def _server(room: Mailroom) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": room.port, "tls": "off", "sender": "Tocsin <t@ours.example>"}
