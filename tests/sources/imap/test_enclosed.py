"""The files of a mail come whole, in pieces, within bounds, and leave no trace on the server."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from engine.sources.imap.enclosed import _PIECE, Found, Wanted
from engine.sources.imap.office import Office
from engine.sources.imap.trouble import MissingError, RefusedError
from tests.servers.letters import parcel
from tests.servers.pymap_server import PymapServer
from tests.sources.imap.conftest import HURRY

LARGE = b"%PDF-1.7\n" + bytes(range(256)) * 6000
SMALL = b"\x89PNG\r\n\x1a\n" + b"\x00\xff" * 50
FILES = (("large.pdf", "application/pdf", LARGE), ("small.png", "image/png", SMALL))
MOST = 5_000_000
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[PymapServer]:
    async with PymapServer.running(users=6) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def office() -> AsyncIterator[Office]:
    made = Office(pace=HURRY)
    yield made
    await made.close()


async def _numbers(server: PymapServer, user: str) -> tuple[int, int]:
    """UIDVALIDITY, and the UID of the newest mail."""

    def look(client: object) -> tuple[int, int]:
        said = client.select_folder("INBOX", readonly=True)  # type: ignore[attr-defined]
        return int(said[b"UIDVALIDITY"]), max(client.search("ALL"))  # type: ignore[attr-defined]

    return await server.tell(user, look)


async def fetch(
    server: PymapServer, office: Office, user: str, *sections: str, most: int = MOST, **other: int
) -> Found:
    uidvalidity, uid = await _numbers(server, user)
    uidvalidity, uid = other.get("uidvalidity", uidvalidity), other.get("uid", uid)
    return await office.fetch(server.mailbox(user), "INBOX", uidvalidity, uid, Wanted(sections, most))


async def test_files_come_whole_however_many_pieces_they_take_and_nothing_is_marked_as_read(
    server: PymapServer, office: Office
) -> None:
    await server.deliver("u1", parcel("x", *FILES))
    assert len(LARGE) * 78 // 57 > 3 * _PIECE
    found = await fetch(server, office, "u1", "2", "3")
    assert found == Found({"2": LARGE, "3": SMALL})
    assert all(b"\\Seen" not in flags for flags in (await server.flags("u1")).values())


async def test_what_is_too_large_is_left_and_said_and_the_rest_comes(server: PymapServer, office: Office) -> None:
    await server.deliver("u2", parcel("x", *FILES))
    assert await fetch(server, office, "u2", "2", "3", most=100_000) == Found({"3": SMALL}, frozenset({"2"}))
    assert await fetch(server, office, "u2", "2", "3", most=len(LARGE)) == Found({"2": LARGE}, frozenset({"3"}))


@pytest.mark.parametrize("section", ["4", "2.1", "", "1) BODY[", "TEXT"])
async def test_a_section_that_is_not_there_is_not_found(server: PymapServer, office: Office, section: str) -> None:
    await server.deliver("u3", parcel("x", *FILES))
    assert await fetch(server, office, "u3", section, "3") == Found({"3": SMALL})


async def test_of_a_mail_that_was_moved_or_a_folder_that_was_numbered_anew_nothing_is_found(
    server: PymapServer, office: Office
) -> None:
    await server.deliver("u4", parcel("x", *FILES))
    assert await fetch(server, office, "u4", "3", uid=99_999) == Found()
    assert await fetch(server, office, "u4", "3", uidvalidity=1) == Found()


async def test_a_folder_or_a_password_that_is_wrong_is_told_apart(server: PymapServer, office: Office) -> None:
    with pytest.raises(MissingError):
        await office.fetch(server.mailbox("u5"), "Nowhere", 1, 1, Wanted(["2"], MOST))
    with pytest.raises(RefusedError):
        await office.fetch(server.mailbox("u5", password="wrong"), "INBOX", 1, 1, Wanted(["2"], MOST))


async def test_a_mail_that_is_nothing_but_a_file_has_it_in_its_first_section(
    server: PymapServer, office: Office
) -> None:
    head = b"From: a@b.example\r\nSubject: fax\r\nContent-Type: application/pdf; name=a.pdf\r\n"
    await server.deliver("u6", head + b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjcK\r\n")
    assert await fetch(server, office, "u6", "1") == Found({"1": b"%PDF-1.7\n"})
