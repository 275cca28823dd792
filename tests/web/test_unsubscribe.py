"""Who is told by mail asks for no more: by a click that changes one thing, never by a look."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
import sqlalchemy as sa

from engine.account import Contact
from engine.links import Links
from engine.message import message_id
from engine.money import Money
from engine.notification import Channel
from engine.store import accounts, inbox, revision
from engine.store.database import Database
from engine.store.tables import consent, message_content
from engine.web.unsubscribe import take_unsubscribe
from tests.builders import NOW, a_notification, a_quote, an_account
from tests.web.well import a_web

LINKS = Links("https://tocsin.example", b"k" * 32)
JAN, OWN = "jan@example.org", "anna@example.org"
CLICK = {"List-Unsubscribe": "One-Click"}


class Door:
    """A web server, and a mail that went to Jan for the account of Anna; Bert may tell Jan too."""

    def __init__(self, store: Database) -> None:
        self.store = store
        self.web = a_web(stop=take_unsubscribe(store, LINKS, lambda: NOW))

    def fill(self, language: str = "en") -> None:
        people = [an_account("anna", parts=9, language=language, email=OWN), an_account("bert", parts=9)]
        jan = Contact(id="jan", numbers=("+32470000077",), email=JAN, agreed="by mail")
        self.store.write(lambda c: accounts.upsert(c, people, "v", NOW, {each.id: [jan] for each in people}))
        told = a_notification(address=JAN, channel=Channel.EMAIL)
        quote = a_quote(price=Money(minor=0, currency="EUR")).model_copy(update={"channel": Channel.EMAIL})
        self.store.write(lambda c: inbox.take_in(c, [(told, quote)], "EUR", NOW))
        self.mail = message_id(told.id, Channel.EMAIL)

    def link(self, address: str = JAN, mail: UUID | None = None) -> str:
        return LINKS.unsubscribe(mail or self.mail, address).removeprefix(LINKS.public)

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.web.url + path, data=body) as reply,
        ):
            self.headers = reply.headers
            return reply.status, await reply.text()

    def stopped(self) -> list[tuple[str, str]]:
        rows = sa.select(consent.c.account_id, consent.c.address).where(consent.c.stopped_at.is_not(None))
        return [(row.account_id, row.address) for row in self.store.read(lambda c: c.execute(rows).all())]


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    store = Database(f"sqlite:///{tmp_path}/store.db")
    revision.ensure(store)
    made = Door(store)
    made.fill()
    await made.web.start()
    yield made
    await made.web.stop()
    store.close()


def multipart() -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("List-Unsubscribe", "One-Click")
    return form


@pytest.mark.parametrize("body", [lambda: CLICK, multipart], ids=["urlencoded", "multipart"])
async def test_a_click_is_for_this_account_and_this_address_and_may_be_repeated(door: Door, body: object) -> None:
    assert callable(body)
    for _ in range(2):
        status, page = await door.ask("POST", door.link(), body())
        assert (status, "It is done" in page) == (200, True)
        assert door.stopped() == [("anna", JAN)]
    assert "It is done" in (await door.ask("GET", door.link()))[1]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_whoever_only_looks_changes_nothing(door: Door, method: str) -> None:
    assert (await door.ask(method, door.link()))[0] == 200
    assert door.stopped() == []


async def test_the_page_runs_nothing_names_nobody_and_its_button_is_the_click(door: Door) -> None:
    _, page = await door.ask("GET", door.link())
    assert [word for word in ("<script", "http", "jan", "Jan", "anna", "Anna") if word in page] == []
    assert '<button name="List-Unsubscribe" value="One-Click">' in page
    assert door.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (door.headers["Cache-Control"], door.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Do you want no more"),
        ("nl", "Wilt u geen"),
        ("fr", "Voulez-vous ne plus recevoir"),
        ("sv", "Vill du inte ha"),
        ("de", "Möchten Sie keine"),
        ("fi", "Do you want no more"),
    ],
)
async def test_the_page_speaks_the_accounts_language(door: Door, language: str, words: str) -> None:
    door.fill(language)
    page = (await door.ask("GET", door.link()))[1]
    assert words in page
    assert f'<html lang="{language if language != "fi" else "en"}">' in page


async def test_a_forged_link_is_forbidden_and_a_message_that_is_not_is_not_found(door: Door) -> None:
    _, _, id, proof = door.link().split("/")
    for path in (
        f"/unsubscribe/{id}/{'A' * 22}",
        f"/unsubscribe/{id}/{proof[:-1]}",
        f"/unsubscribe/{id}/%C3%A9{proof}",
        f"/unsubscribe/{id[:-1]}/{proof}",
        f"/unsubscribe/{door.mail}/{proof}",
        door.link(OWN),
        door.link("nobody@example.org"),
    ):
        assert (await door.ask("POST", path, CLICK))[0] == 403
    assert (await door.ask("POST", door.link(mail=UUID(int=1)), CLICK))[0] == 404
    assert door.stopped() == []


@pytest.mark.parametrize(
    "body",
    [{}, {"List-Unsubscribe": "Two-Click"}, b"List-Unsubscribe=One-Click", None],
    ids=["nothing", "another word", "no form", "no body"],
)
async def test_a_post_that_does_not_ask_for_it_changes_nothing(door: Door, body: object) -> None:
    assert (await door.ask("POST", door.link(), body))[0] == 400
    assert door.stopped() == []


async def test_a_body_that_is_no_form_is_refused(door: Door) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(door.web.url + door.link(), data=b"no part\r\n" * 9, headers=headers) as reply,
    ):
        assert reply.status == 400
    assert door.stopped() == []


async def test_a_click_counts_when_we_no_longer_know_to_whom_the_mail_went(door: Door) -> None:
    door.store.write(lambda c: c.execute(sa.delete(message_content)))
    assert (await door.ask("POST", door.link(), CLICK))[0] == 200
    assert door.stopped() == [("anna", JAN)]


async def test_a_click_that_cannot_be_kept_is_asked_for_again(door: Door) -> None:
    door.store.write(lambda c: c.execute(sa.text("ALTER TABLE message_content RENAME TO away")))
    assert (await door.ask("POST", door.link(), CLICK))[0] == 503
    assert door.headers["Retry-After"]
    assert door.stopped() == []
