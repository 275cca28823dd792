"""A link leads to its file and to nothing else, for as long as it lasts."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

import aiohttp
import pytest

from engine.identity import TOCSIN
from engine.links import Links
from engine.medium import PNG, Medium
from engine.store import media, revision
from engine.store.database import Database
from engine.store.media import Kept
from engine.web.media import serve_media
from tests.builders import NOW
from tests.web.well import a_web

LINKS = Links("", b"k" * 32)
PICTURE, PAGE = uuid5(TOCSIN, "picture"), uuid5(TOCSIN, "page")
BODY = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
UNTIL = NOW + timedelta(days=1)


class Open:
    """A web server with two files, and a clock that is set by hand."""

    def __init__(self, store: Database) -> None:
        self.now = NOW
        self.web = a_web(files=serve_media(store, LINKS, self.clock))

    def clock(self) -> datetime:
        return self.now

    async def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.web.url + path, headers=headers) as reply,
        ):
            return reply.status, await reply.read(), {k.lower(): v for k, v in reply.headers.items()}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Open]:
    store = Database(f"sqlite:///{tmp_path}/store.db")
    revision.ensure(store)
    files = [
        Kept(Medium(id=PICTURE, name='a "b"\r\n☂.png', media_type=PNG, body=BODY), 1, UNTIL),
        Kept(Medium(id=PAGE, name="a.html", media_type="text/html", body=b"<script>alert(1)</script>"), 0, UNTIL),
    ]
    store.write(lambda c: media.keep(c, "anna", files))
    found = Open(store)
    await found.web.start()
    yield found
    await found.web.stop()
    store.close()


async def test_a_link_shows_its_picture_and_what_browsers_must_not_do_with_it(door: Open) -> None:
    status, body, headers = await door.ask(LINKS.path(PICTURE, UNTIL, "png"))
    assert (status, body) == (200, BODY)
    assert headers["content-type"] == PNG
    assert headers["content-disposition"].startswith("inline; filename=file.png; filename*=UTF-8''a%20%22b%22")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"].startswith("private")


async def test_a_page_is_handed_over_as_bytes_that_nobody_runs(door: Open) -> None:
    _, _, headers = await door.ask(LINKS.path(PAGE, UNTIL))
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")


async def test_who_asks_for_the_head_or_a_range_gets_that(door: Open) -> None:
    path = LINKS.path(PICTURE, UNTIL)
    status, body, headers = await door.ask(path, "HEAD")
    assert (status, body, headers["content-length"]) == (200, b"", str(len(BODY)))
    status, body, headers = await door.ask(path, Range="bytes=1-3")
    assert (status, body, headers["content-range"]) == (206, b"PNG", f"bytes 1-3/{len(BODY)}")
    assert (await door.ask(path, Range="bytes=-2"))[:2] == (206, BODY[-2:])
    assert (await door.ask(path, Range="bytes=5000-"))[0] == 416
    assert (await door.ask(path, Range="lines=1"))[:2] == (200, BODY)


async def test_a_link_that_is_over_is_gone_and_a_forged_one_forbidden(door: Open) -> None:
    path = LINKS.path(PICTURE, UNTIL)
    door.now = UNTIL + timedelta(hours=1)
    assert (await door.ask(path))[0] == 410
    door.now = NOW
    _, _, id, hours, proof, name = path.split("/")
    assert (await door.ask(f"/media/{id}/{int(hours) + 1}/{proof}/{name}"))[0] == 403
    assert (await door.ask(f"/media/{id}/{hours}/{'A' * 22}/{name}"))[0] == 403
    assert (await door.ask(f"/media/{id}/{hours}/%00{proof}/{name}"))[0] == 403
    assert (await door.ask("/media/../../etc/passwd/a/b/c"))[0] in (403, 404)


async def test_a_file_whose_time_is_over_is_no_longer_here(door: Open, tmp_path: Path) -> None:
    assert (await door.ask(LINKS.path(UUID(int=1), UNTIL)))[0] == 404
    store = Database(f"sqlite:///{tmp_path}/store.db")
    store.write(lambda c: media.sweep(c, UNTIL + timedelta(seconds=1)))
    store.close()
    assert (await door.ask(LINKS.path(PICTURE, UNTIL)))[0] == 404
