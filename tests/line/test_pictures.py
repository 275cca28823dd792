"""A picture in a mail, through the whole line: as MMS where the phone can, as a link in an SMS where it cannot."""

import asyncio
import urllib.error
import urllib.request
from pathlib import Path

from tests.servers.installation import Installation, Person
from tests.servers.letters import parcel
from tests.servers.pymap_server import PymapServer

RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - name: Pictures
    when: {from: boss@example.com}
    notify: {to: me, channels: [mms], attach: images, text: "{from.name}: {subject|80}"}
"""
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50
ANNA = Person("anna", "+32470000001", "u1", parts=100, credit="5.00")


def _fetch(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


async def test_a_phone_without_mms_gets_an_sms_that_says_where_the_picture_is(tmp_path: Path) -> None:
    async with PymapServer.running(users=1) as server:
        installation = Installation(tmp_path)
        try:
            phone = await installation.start_phone()
            installation.write([ANNA], server, shared=RULES)
            engine, tariff = installation.config / "engine.yaml", installation.config / "tariff.yaml"
            public = f"public: 'http://127.0.0.1:{installation.web_port}'"
            engine.write_text(engine.read_text().replace("web: {", f"web: {{{public}, "))
            tariff.write_text(tariff.read_text() + "mms:\n  - {prefix: '+32', price: '0.25', provider: phone}\n")
            await installation.start_engine()
            await installation.watching(1)
            files = (("photo.png", "image/png", PICTURE), ("false.png", "image/png", b"<script>"))

            await server.deliver("u1", parcel("first", *files))
            await installation.until(lambda: len(phone.taken()) == 1, "the first to arrive")
            await phone.behave(do="refuse", reason="not_capable", channel="mms", next=None)
            await server.deliver("u1", parcel("second", *files))
            await installation.until(lambda: len(phone.taken()) == 2, "the second to arrive")

            rich, plain = phone.taken()
            assert (rich["channel"], plain["channel"]) == ("mms", "sms")
            assert rich["text"].startswith("Boss: first")
            assert "false.png" in rich["text"]
            [picture] = rich["media"]
            assert (picture["name"], picture["type"], picture["bytes"]) == ("photo.png", "image/png", len(PICTURE))
            assert await asyncio.to_thread(_fetch, picture["url"]) == (200, PICTURE)

            assert plain["text"].startswith("Boss: second\nhttp://127.0.0.1")
            assert "media" not in plain
            link = plain["text"].split("\n")[1]
            assert await asyncio.to_thread(_fetch, link) == (200, PICTURE)
            _, _, _, _, id, hours, proof, name = link.split("/")
            base = link.partition("/media/")[0]
            assert (await asyncio.to_thread(_fetch, f"{base}/media/{id}/{int(hours) + 1}/{proof}/{name}"))[0] == 403
            assert not any(b"\\Seen" in flags for flags in (await server.flags("u1")).values())
            assert installation.count("medium") == 2
            assert installation.count("enclosing") == 0
            parts = installation.rows("SELECT channel, parts, fate FROM message ORDER BY seq")
            assert [(row.channel, row.fate) for row in parts][1] == ("mms", "failed")
            assert (parts[2].channel, parts[2].parts) == ("sms", 1)
            assert installation.tocsin("db", "prove")
            assert link.rpartition("/media/")[2] not in installation.log.read_text()
        finally:
            await installation.close()
