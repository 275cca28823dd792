"""Files are fetched once, for all who are told of a mail; without them it is told too, and nothing else waits."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from PIL import Image
from pypdf import PdfWriter

from engine.account import Contact
from engine.agents.enclose import MOST_PAGES, PAUSES, enclose
from engine.agents.route import route
from engine.agents.send import send
from engine.answer import Answer
from engine.channels.tariff import Line, Tariff
from engine.enclosure import Enclosure, Whereabouts, medium_id
from engine.errors import SourceError
from engine.event import Attachment
from engine.links import Links
from engine.message import Message
from engine.money import Money
from engine.notification import Channel, Notification
from engine.rules.attach import pick
from engine.sources.imap.enclosed import Found, Wanted
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.trouble import LostError, MissingError, RefusedError
from engine.store import accounts, enclosing, ledger
from tests.agents.test_hops import Bench, Scripted
from tests.builders import ACCEPTED, NOW, a_mail, a_notification

MAILBOX = Mailbox.model_validate({"host": "imap.example", "user": "anna@example.org", "password": "x"})
FAX = "+3222222222"


def a_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "PNG")
    return out.getvalue()


def a_pdf(pages: int = 3) -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 300)
    writer.write(out)
    return out.getvalue()


class Shelf:
    """The mail servers: what they hold of one mail, and what goes wrong with them, in order."""

    def __init__(self, **bodies: bytes) -> None:
        self.bodies = {name.removeprefix("s"): body for name, body in bodies.items()}
        self.wrong: list[Exception | asyncio.Event] = []
        self.asked: list[Sequence[str]] = []

    async def fetch(self, mailbox: Mailbox, folder: str, uidvalidity: int, uid: int, wanted: Wanted) -> Found:
        assert (mailbox, folder, uidvalidity, uid) == (MAILBOX, "INBOX", 7, 1)
        self.asked.append(tuple(wanted.sections))
        if self.wrong:
            wrong = self.wrong.pop(0)
            if isinstance(wrong, Exception):
                raise wrong
            await wrong.wait()
        large = frozenset(each for each in wanted.sections if len(self.bodies.get(each, b"")) > wanted.most)
        return Found(
            {each: self.bodies[each] for each in wanted.sections if each in self.bodies and each not in large}, large
        )


class Carrier(Scripted):
    """A provider that takes everything, and keeps what it was handed."""

    def __init__(self) -> None:
        super().__init__([], channels=frozenset(Channel))
        self.messages: list[Message] = []

    async def send(self, message: Message, client_ref: str) -> Answer:
        self.sent.append((client_ref, message.text))
        self.messages.append(message)
        return ACCEPTED


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture
def bench(tmp_path: Path, carrier: Carrier) -> Any:
    made = Bench(tmp_path, carrier)
    line = Line("+32", Money.parse("0.08", "EUR"), {"phone": 1})
    free = Line("", Money.parse("0", "EUR"), {"phone": 1})
    tariff = Tariff("EUR", [line], [line], free, [line], [line])
    links = Links("https://tocsin.example", b"k" * 32)
    made.desk = replace(made.desk, tariff=tariff, mailboxes=[("anna", MAILBOX)], links=links)
    made.store.write(lambda c: ledger.topup(c, "anna", Money.parse("50", "EUR"), "p", NOW, "test"))
    people = [Contact(id=each, email=f"{each}@x.example", agreed="by mail") for each in ("anna", "bert", "cara")]
    people.append(Contact(id="fax", fax=FAX, agreed="by mail"))
    made.store.write(lambda c: accounts.upsert(c, [made.desk.accounts["anna"]], "v", NOW, {"anna": people}))
    yield made
    made.store.close()


def files(*names: str) -> tuple[Enclosure, ...]:
    """What a rule picked: sections 2, 3, ... of one mail."""
    kinds = {"png": "image/png", "pdf": "application/pdf", "zip": "application/zip"}
    attachments = tuple(
        Attachment(name=name, media_type=kinds[name[-3:]], size=10, section=str(number))
        for number, name in enumerate(names, 2)
    )
    return pick(a_mail(attachments=attachments), "all")


def told(*names: str, **other: Any) -> Notification:
    values = {
        "event_id": a_mail().id,
        "channel": Channel.EMAIL,
        "address": "anna@x.example",
        "enclosures": files(*names),
    }
    return a_notification(**{**values, **other})


def shelve(bench: Bench, shelf: Shelf) -> None:
    bench.desk = replace(bench.desk, office=cast(Any, shelf))


def waiting(bench: Bench) -> int:
    return int(bench.store.read(lambda c: c.execute(sa.text("SELECT count(*) FROM enclosing")).scalar_one()))


async def deliver(bench: Bench, carrier: Carrier, many: int = 1) -> list[Message]:
    """What the provider was handed once nobody waits for files any more."""
    await bench.run(enclose, lambda: not waiting(bench))
    await bench.run(send, lambda: len(carrier.messages) >= many)
    return carrier.messages


async def test_files_go_along_with_their_true_type_and_an_address(bench: Bench, carrier: Carrier) -> None:
    shelve(bench, Shelf(s2=a_picture(), s3=b"PK\x03\x04"))
    await route(bench.desk, [told("a.png", "b.zip")])
    [message] = await deliver(bench, carrier)
    assert [(each.name, each.media_type, each.body) for each in message.media] == [
        ("a.png", "image/png", a_picture()),
        ("b.zip", "application/zip", b"PK\x03\x04"),
    ]
    assert all(each.url.startswith("https://tocsin.example/media/") for each in message.media)
    assert message.text == "Boss: Spoed"


async def test_one_mail_is_fetched_once_for_all_who_are_told_and_never_again(bench: Bench, carrier: Carrier) -> None:
    shelf = Shelf(s2=a_picture())
    shelve(bench, shelf)
    both = [told("a.png"), told("a.png", recipient="bert", address="bert@x.example")]
    for _ in range(2):  # delivered twice, as a stream may
        await route(bench.desk, both)
    await deliver(bench, carrier, 2)
    assert shelf.asked == [("2",)]
    await route(bench.desk, [*both, told("a.png", recipient="cara", address="cara@x.example")])
    messages = await deliver(bench, carrier, 3)
    assert shelf.asked == [("2",)]
    assert [len(each.media) for each in messages] == [1, 1, 1]


async def test_nothing_else_waits_while_a_mail_server_is_slow(bench: Bench, carrier: Carrier) -> None:
    shelf, slow = Shelf(s2=a_picture()), asyncio.Event()
    shelf.wrong = [slow]
    shelve(bench, shelf)
    await route(bench.desk, [told("a.png"), a_notification(2)])
    fetching = asyncio.create_task(bench.run(enclose, lambda: not waiting(bench)))
    await bench.run(send, lambda: len(carrier.messages) == 1)
    assert (carrier.messages[0].channel, waiting(bench)) == (Channel.SMS, 1)
    slow.set()
    await fetching
    assert len(await deliver(bench, carrier, 2)) == 2


@pytest.mark.parametrize("error", [LostError("down"), RefusedError("password"), TimeoutError()])
async def test_a_mailbox_that_cannot_be_read_is_asked_again_and_then_it_is_told_without(
    bench: Bench, carrier: Carrier, error: Exception
) -> None:
    shelf = Shelf(s2=a_picture())
    shelf.wrong = [error] * 3
    shelve(bench, shelf)
    await route(bench.desk, [told("a.png")])
    for number, pause in enumerate(PAUSES, 1):
        await bench.run(enclose, lambda: len(shelf.asked) == number)  # noqa: B023
        assert waiting(bench) == 1
        bench.now += pause
    [message] = await deliver(bench, carrier)
    assert message.text == "Boss: Spoed\n\nNot enclosed: a.png (the mailbox cannot be read)"
    assert message.media == ()


@pytest.mark.parametrize(
    ("shelf", "wrong", "why"),
    [
        (Shelf(), None, "the mail is gone"),
        (Shelf(s2=a_picture()), MissingError("no such folder"), "the mail is gone"),
        (Shelf(s2=b"<html>"), None, "not what it says it is"),
        (Shelf(s2=a_picture() + b"x" * 6_000_000), None, "too large"),
    ],
)
async def test_what_does_not_go_along_is_named_with_its_reason(
    bench: Bench, carrier: Carrier, shelf: Shelf, wrong: SourceError | None, why: str
) -> None:
    shelf.wrong = [wrong] if wrong else []
    shelve(bench, shelf)
    await route(bench.desk, [told("a.png")])
    [message] = await deliver(bench, carrier)
    assert message.text == f"Boss: Spoed\n\nNot enclosed: a.png ({why})"


async def test_a_mailbox_that_is_no_longer_configured_is_not_asked(bench: Bench, carrier: Carrier) -> None:
    shelve(bench, Shelf())
    bench.desk = replace(bench.desk, mailboxes=[])
    await route(bench.desk, [told("a.png")])
    [message] = await deliver(bench, carrier)
    assert "the mail is gone" in message.text


async def test_who_took_them_and_died_is_followed_by_another_once_the_lease_is_over(
    bench: Bench, carrier: Carrier
) -> None:
    shelve(bench, Shelf(s2=a_picture()))
    await route(bench.desk, [told("a.png")])
    assert len(bench.store.write(lambda c: enclosing.take(c, bench.now, 4))) == 1
    assert bench.store.write(lambda c: enclosing.take(c, bench.now, 4)) == []
    bench.now += enclosing.LEASE + timedelta(seconds=1)
    assert len(await deliver(bench, carrier)) == 1


def _price(bench: Bench) -> tuple[int, int]:
    query = sa.text("SELECT parts, price FROM message")
    return cast(tuple[int, int], tuple(bench.store.read(lambda c: c.execute(query).one())))


def faxed(*names: str) -> Notification:
    return told(*names, channel=Channel.FAX, address=FAX)


async def test_the_pages_of_files_are_counted_and_paid_for_before_the_fax_is_sent(
    bench: Bench, carrier: Carrier
) -> None:
    shelve(bench, Shelf(s2=a_pdf(3), s3=a_picture()))
    await route(bench.desk, [faxed("a.pdf", "b.png")])
    [message] = await deliver(bench, carrier)
    assert _price(bench) == (5, 5 * 800)
    assert [each.name for each in message.media] == ["a.pdf", "b.png"]


@pytest.mark.parametrize(
    "body",
    [b"%PDF-1.7\n%%EOF", a_pdf(MOST_PAGES + 1), b"%PDF-1.7\n" + b"[" * 200_000],
    ids=["broken", "a book", "deep"],
)
async def test_what_cannot_be_faxed_is_left_out_and_said_on_the_first_page(
    bench: Bench, carrier: Carrier, body: bytes
) -> None:
    shelve(bench, Shelf(s2=body, s3=a_pdf(1)))
    await route(bench.desk, [faxed("a.pdf", "b.pdf")])
    [message] = await deliver(bench, carrier)
    assert message.text == "Boss: Spoed\n\nNot enclosed: a.pdf (cannot be faxed)"
    assert [each.name for each in message.media] == ["b.pdf"]
    assert _price(bench)[0] == 2


async def test_the_same_file_has_the_same_id_wherever_it_is_picked() -> None:
    [one] = files("a.png")
    assert one.id == medium_id(a_mail().id, "2")
    assert one.mail == Whereabouts(host="imap.example", user="anna@example.org", folder="INBOX", uidvalidity=7, uid=1)
