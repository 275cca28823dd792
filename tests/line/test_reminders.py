"""A real engine, a real calendar: edits at each stage, kills around the moments, a clock that jumps."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from aiohttp import web

from tests.servers.installation import Installation, Person, Phone
from tests.servers.pymap_server import PymapServer, free_port
from tests.store.office import HOUR, Appointment

NUMBER = "+32470000001"
HASTY = Path(__file__).parents[1] / "servers" / "hasty"
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
RULES = """\
version: 1
defaults: {signature: off, limits: {throttle: off, dedupe: off, daily: off}}
rules:
  - name: Work
    when: {calendar: work}
    remind: REMIND
    late: {after: 3h, then: drop}
    on_change: notify
    notify: {to: me, text: "{title}"}
"""


class Served:
    """A calendar on the web, with an ETag."""

    def __init__(self) -> None:
        self.appointments: dict[str, Appointment] = {}
        self.port = free_port()
        self.asked = 0
        self.status = 200

    @property
    def text(self) -> str:
        events = "".join(each.write(uid) for uid, each in sorted(self.appointments.items()))
        return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n{events}END:VCALENDAR\n"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async def answer(request: web.Request) -> web.Response:
            etag = f'"{hash(self.text)}"'
            self.asked += 1
            if self.status != 200:
                return web.Response(status=self.status)
            if request.headers.get("If-None-Match") == etag:
                return web.Response(status=304)
            return web.Response(text=self.text, content_type="text/calendar", headers={"ETag": etag})

        app = web.Application()
        app.router.add_get("/work.ics", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def seen(self) -> None:
        """Wait until what stands here now was taken over."""
        before = self.asked
        while self.asked < before + 2:
            await asyncio.sleep(0.05)


@asynccontextmanager
async def installed(
    folder: Path, feed: str, remind: str = "2 h", provider_class: str = "idempotent"
) -> AsyncIterator[tuple[Installation, Phone]]:
    """Anna with one calendar; the engine is not started yet."""
    installation = Installation(folder)
    async with PymapServer.running(users=1) as server:
        try:
            phone = await installation.start_phone(provider_class=provider_class)
            person = Person("anna", NUMBER, "u1", parts=1000, rules=RULES.replace("REMIND", remind))
            installation.write([person], server)
            account = installation.config / "accounts" / "anna.yaml"
            account.write_text(f"{account.read_text().replace('language: nl', 'language: en')}calendars: [{feed}]\n")
            yield installation, phone
        finally:
            await installation.close()


@contextmanager
def environment(**more: str) -> Iterator[None]:
    """For the engine that is started in it."""
    with patch.dict(os.environ, {"PYTHONPATH": str(HASTY), **more}):
        yield


def soon(**ahead: float) -> datetime:
    return (datetime.now(UTC) + timedelta(**ahead)).replace(microsecond=0)


def texts(phone: Phone) -> list[str]:
    return [line["text"] for line in phone.taken()]


async def test_edits_of_a_served_calendar_at_each_stage(tmp_path: Path) -> None:
    served = Served()
    url = f"{{name: work, url: 'http://127.0.0.1:{served.port}/work.ics', private: true}}"
    async with served.serving(), installed(tmp_path, url) as (installation, phone):
        with environment():
            await installation.start_engine()
        await served.seen()
        start = soon(hours=2, seconds=15)
        for name in ("stays", "moves", "off", "gone", "back", "told"):
            served.appointments[name] = Appointment(start, name)
        for name in ("stuck", "kept"):
            served.appointments[name] = Appointment(start + timedelta(seconds=12), name)
        await served.seen()
        await installation.until(lambda: installation.count("reminder", "state = 'pending'") == 8, "the plans")
        # before the moment
        served.appointments["moves"].start += HOUR
        served.appointments["off"].status = "CANCELLED"
        del served.appointments["gone"]
        back = served.appointments.pop("back")
        await served.seen()
        served.appointments["back"] = back
        await installation.until(lambda: len(phone.taken()) == 3, "three reminders")
        assert sorted(texts(phone)) == ["back", "stays", "told"]
        # between the moment and the sending
        await phone.behave(do="busy", seconds=10, next=2)
        await installation.until(lambda: installation.count("message", "fate = 'queued' AND waiting") == 2, "a queue")
        served.appointments["stuck"].status = "CANCELLED"
        # after the sending
        served.appointments["told"].status = "CANCELLED"
        await installation.until(lambda: len(phone.taken()) == 5, "what is still true")
        await asyncio.sleep(1.0)
        assert await installation.end_engine() == 0
        assert sorted(text.partition(",")[0] for text in texts(phone)[3:]) == ["Cancelled: told", "kept"]
        assert installation.count("message", "fate = 'withdrawn'") == 1


async def test_of_a_calendar_that_is_refused_its_owner_hears_and_the_reminders_still_come(tmp_path: Path) -> None:
    served = Served()
    url = f"{{name: work, url: 'http://127.0.0.1:{served.port}/work.ics?token=4711', private: true}}"
    async with served.serving(), installed(tmp_path, url) as (installation, phone):
        account = installation.config / "accounts" / "anna.yaml"
        account.write_text(account.read_text().replace("suspended: false", "suspended: true"))
        with environment():
            await installation.start_engine()
            served.appointments["1"] = Appointment(soon(hours=2, seconds=15), "Dentist")
            await installation.until(lambda: installation.count("reminder") == 1, "the plan")
            served.status = 403
            await installation.until(lambda: installation.count("incident") == 1, "what is wrong")
            await installation.end_engine(signal.SIGKILL)
            await installation.start_engine()
        await installation.until(lambda: len(phone.taken()) == 2, "the telling and the reminder")
        served.status = 200
        await installation.until(lambda: installation.count("incident") == 0, "the end of it")
        assert await installation.end_engine() == 0
    told, reminder = sorted(texts(phone), key=len, reverse=True)
    assert told.startswith("Tocsin: since ")
    assert told.endswith(
        f"this calendar cannot be read; reminders go by what was read before: work, 127.0.0.1:{served.port}"
    )
    assert reminder == "Dentist"


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_kills_around_the_moments_lose_nothing_and_repeat_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    file = tmp_path / "work.ics"
    served = Served()
    async with installed(tmp_path, f"{{name: work, file: '{file}'}}", remind="0 min") as (installation, phone):
        file.write_text(served.text)
        with environment():
            await installation.start_engine()
            await installation.until(lambda: installation.count("feed_state", "imported") == 1, "the first look")
            first = soon(seconds=4)
            for number in range(60):
                at = first + timedelta(seconds=number // 3)
                served.appointments[f"{number:02}"] = Appointment(at, f"No. {number:02}")
            file.write_text(served.text)
            await installation.until(lambda: installation.count("reminder") == 60, "the plans")
            points = ["", "reminder_published", "occasions_open", "reminder_published", ""]
            for point in points:
                if not installation.ended:
                    await asyncio.sleep(chance.uniform(0.2, 2.0))
                    await installation.end_engine(signal.SIGKILL)
                await installation.start_engine(failpoint=f"{point}:1:kill" if point else "")
            if installation.ended:
                await installation.start_engine()
            await installation.until(lambda: len(phone.taken()) >= 60, "every reminder", patience=90)
            await asyncio.sleep(1.0)
        assert sorted(texts(phone)) == [f"No. {number:02}" for number in range(60)]


@pytest.mark.skipif(not FAKETIME.exists() and not os.environ.get("TOCSIN_REQUIRE"), reason="libfaketime is not here")
async def test_a_clock_that_jumps_an_hour_tells_each_once(tmp_path: Path) -> None:
    file, shift = tmp_path / "work.ics", tmp_path / "shift"
    served = Served()
    clock = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(shift),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    async with installed(tmp_path, f"{{name: work, file: '{file}'}}") as (installation, phone):
        file.write_text(served.text)
        shift.write_text("+0s")
        with environment(**clock):
            await installation.start_engine()
        await installation.until(lambda: installation.count("feed_state", "imported") == 1, "the first look")
        for name, ahead in (("skipped", 0.5 * 3600), ("soon", 15), ("later", 4 * 3600)):
            served.appointments[name] = Appointment(soon(hours=2, seconds=ahead), name)
        file.write_text(served.text)
        await installation.until(lambda: installation.count("reminder") == 3, "the plans")
        shift.write_text("-3600s")
        await asyncio.sleep(18)
        assert texts(phone) == [], "an hour ago nothing was due"
        shift.write_text("+0s")
        await installation.until(lambda: texts(phone) == ["soon"], "what was due meanwhile")
        shift.write_text("+3600s")
        await installation.until(lambda: texts(phone) == ["soon", "skipped"], "what the jump went over")
        for jump in ("+0s", "-3600s", "+3600s", "+0s"):
            shift.write_text(jump)
            await asyncio.sleep(6)
        assert texts(phone) == ["soon", "skipped"]
        assert installation.count("reminder", "state = 'pending'") == 1
        assert await installation.end_engine() == 0
