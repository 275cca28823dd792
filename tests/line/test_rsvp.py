"""A real engine and a real calendar server: an invitation is told and answered, and kill -9 loses no answer."""

import asyncio
import json
import signal
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from tests.line.test_reminders import environment, texts
from tests.servers.calendars import Calendar, Radicale
from tests.servers.installation import Installation, Person
from tests.servers.pymap_server import PymapServer
from tests.sources.calendar.test_respond import ME, OTHER, read

NUMBER = "+32470000001"
RULES = """\
version: 1
defaults: {signature: off}
rules:
  - name: Invitations
    when: {calendar: home}
    remind: 2 h
    late: {after: 3h, then: drop}
    notify: {text: "{title}{if rsvp} {rsvp}{end}"}
"""


def _invite(calendar: Calendar) -> None:
    starts = datetime.now(UTC) + timedelta(hours=2)
    asked = {f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN={name}": f"mailto:{name}" for name in (ME, OTHER)}
    calendar.put("party", "Party", start=f"{starts:%Y%m%dT%H%M%SZ}", **asked)


def _text(installation: Installation, words: str) -> int:
    """The phone sends us this; answers the status."""
    said = {"id": words, "from": NUMBER, "to": "8850", "text": words, "at": datetime.now(UTC).isoformat()}
    request = urllib.request.Request(
        f"http://127.0.0.1:{installation.web_port}/inbound/phone",
        data=json.dumps(said).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


async def test_an_answer_reaches_the_calendar_also_when_server_and_engine_die(tmp_path: Path) -> None:
    server, installation = Radicale(tmp_path), Installation(tmp_path)
    async with PymapServer.running(users=1) as mail:
        try:
            await server.start()
            calendar = await asyncio.to_thread(server.make_calendar, "home")
            phone = await installation.start_phone()
            (tmp_path / "config/secrets").mkdir(parents=True)
            (tmp_path / "config/secrets/home").write_text(server.password)
            more = (
                f"email: {ME}\ncalendars:\n  - {{name: home, caldav: '{calendar.url}', user: {server.user},"
                " password_file: secrets/home, private: true}\n"
            )
            installation.write([Person("anna", NUMBER, "u1", parts=100, rules=RULES, more=more)], mail)
            with environment():
                await installation.start_engine()
                await installation.until(lambda: installation.count("feed_state") == 1, "the empty calendar")
                # Whatever this machine is busy with: of a new appointment a moment that is just over is told too.
                await asyncio.to_thread(_invite, calendar)
                await installation.until(lambda: len(phone.taken()) == 1, "the invitation")
                assert texts(phone) == ["Party JA 1 / NEE 1?"]

                assert await asyncio.to_thread(_text, installation, "Ja 1") < 300
                await installation.until(lambda: read(calendar)[ME] == "ACCEPTED", "the answer in the calendar")
                assert read(calendar)[OTHER] == "NEEDS-ACTION"

                await server.stop()
                assert await asyncio.to_thread(_text, installation, "nee 1") < 300
                await installation.until(
                    lambda: installation.count("invitation", "answer = 'DECLINED' AND tries > 0") == 1, "a try"
                )
                await installation.end_engine(signal.SIGKILL)
                await server.start()
                installation.change("UPDATE due SET at = 0, lease = NULL WHERE kind = 'rsvp'")
                await installation.start_engine()
                await installation.until(lambda: read(calendar)[ME] == "DECLINED", "the second answer")
            await installation.until(lambda: installation.count("due", "kind = 'rsvp'") == 0, "its end")
            [row] = installation.rows("SELECT event_id FROM invitation")
            explained = await asyncio.to_thread(installation.tocsin, "explain", str(UUID(row.event_id)))
            assert "the answer to 'Party' (number 1): The answer stands in the calendar." in explained
            assert await installation.end_engine() == 0
            assert len(phone.taken()) == 1  # a yes that stands is no message
        finally:
            await installation.close()
            await server.stop()
