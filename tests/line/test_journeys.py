"""One notification over several channels through the whole line: from the rule to the virtual phone and `explain`."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.reason import Reason
from tests.servers.installation import Installation, Person, Phone
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - name: At once
    when: {subject: {starts_with: once}}
    notify: {to: anna, channels: [sms, email, fax], together: true, text: "{subject|80}"}
  - name: In order
    when: {subject: {starts_with: order}}
    notify: {to: anna, channels: [sms, email], text: "{subject|80}"}
  - name: In time
    when: {subject: {starts_with: time}}
    notify: {to: anna, channels: [rcs, sms], fallback: {after: 2s, on: [failed, not_read]}, text: "{subject|80}"}
  - name: In much time
    when: {subject: {starts_with: read}}
    notify: {to: anna, channels: [rcs, sms], fallback: {after: 10m, on: [failed, not_read]}, text: "{subject|80}"}
  - name: Twice
    when: {subject: {starts_with: twice}}
    notify: {to: anna, channels: [sms, email], on_unknown: resend, fallback: {after: 3s}, text: "{subject|80}"}
  - name: Dear
    when: {subject: {starts_with: dear}}
    notify: {to: anna, channels: [fax, email], text: "{subject|80}"}
"""
CONTACT = """\
version: 1
contacts:
  - id: anna
    numbers: ["+32470000002"]
    email: anna@example.org
    fax: "+3225000000"
    agreed: in person
"""
OWNER = Person("me", "+32470000001", "u1", parts=100, credit="0.15")


class Place:
    """An engine, a mail server and a phone that takes what goes by any channel."""

    def __init__(self, installation: Installation, server: PymapServer, phone: Phone) -> None:
        self.installation, self.server, self.phone = installation, server, phone

    async def mail(self, subject: str) -> None:
        await self.server.deliver("u1", letter(subject))

    async def until(self, *channels: str) -> None:
        """The phone has taken messages by these channels, in this order."""
        await self.installation.until(lambda: self.taken() == list(channels), f"{channels}, not {self.taken()}")

    def taken(self) -> list[str]:
        return [str(line["channel"]) for line in self.phone.taken()]

    async def became(self, wanted: str) -> dict[str, Any]:
        """What `tocsin explain --json` says of the one notification, once its summary is this."""
        await self.installation.until(lambda: self.explained().get("summary") == wanted, wanted)
        return self.explained()

    def explained(self) -> dict[str, Any]:
        events = self.installation.rows("SELECT event_id FROM notification")
        if not events:
            return {}
        found = json.loads(self.installation.tocsin("explain", str(events[0].event_id), "--json"))
        told: list[dict[str, Any]] = found["notifications"]
        return told[0]

    def told(self) -> str:
        [event] = self.installation.rows("SELECT event_id FROM notification")
        return self.installation.tocsin("explain", str(event.event_id))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with PymapServer.running(users=1) as server:
        installation = Installation(tmp_path)
        try:
            phone = await installation.start_phone(provider_class="opaque")
            (installation.config / "contacts").mkdir(parents=True)
            (installation.config / "contacts" / "all.yaml").write_text(CONTACT)
            installation.write([OWNER], server, shared=RULES)
            tariff = installation.config / "tariff.yaml"
            more = "".join(
                f"{kind}:\n  - {{prefix: '+32', price: '0.15', provider: phone}}\n" for kind in ("fax", "rcs")
            )
            tariff.write_text(tariff.read_text() + more + "email: {provider: phone}\n")
            await installation.start_engine()
            await installation.watching(1)
            yield Place(installation, server, phone)
            assert installation.tocsin("db", "prove")
        finally:
            await installation.close()


async def test_one_message_goes_by_sms_mail_and_fax_at_once(place: Place) -> None:
    await place.phone.behave(do="refuse", reason="bad_number", channel="fax")
    await place.mail("once upon a time")
    found = await place.became("delivered by sms; delivered by e-mail; fax failed")
    assert sorted(place.taken()) == ["email", "sms"]
    assert (found["status"], len(found["messages"])) == ("delivered", 3)
    assert place.installation.count("notification") == 1
    assert "all together: delivered by sms; delivered by e-mail; fax failed" in place.told()


async def test_a_phone_that_is_off_is_told_by_mail_and_explain_says_why(place: Place) -> None:
    await place.phone.behave(report="phone_off", channel="sms")
    await place.mail("order: the server is down")
    await place.became("delivered by e-mail; sms undelivered")
    assert place.taken() == ["sms", "email"]
    assert f"sms: {Reason.PHONE_OFF.sentence} → e-mail: admitted, instead of sms" in place.told()


async def test_what_nobody_read_goes_by_the_next_channel(place: Place) -> None:
    await place.mail("time flies")
    await place.until("rcs", "sms")
    found = await place.became("delivered by rcs; delivered by sms")
    assert "not_read" in {fact["detail"].rpartition(" ")[2] for fact in found["receipts"]}


async def test_what_was_read_goes_by_no_other_channel(place: Place) -> None:
    await place.phone.behave(report="read", channel="rcs")
    await place.mail("read at once")
    await place.until("rcs")
    await place.installation.until(lambda: place.installation.count("journey") == 0, "the end of the journey")
    assert place.installation.rows("SELECT fate FROM message")[0].fate == "read"


async def test_what_nothing_can_pay_for_goes_by_mail(place: Place) -> None:
    await place.mail("dear first")
    await place.until("fax")
    await place.mail("dear second")
    await place.until("fax", "email")


async def test_over_a_call_without_an_answer_no_mail_goes_unless_the_rule_prefers_twice_to_never(
    place: Place,
) -> None:
    await place.phone.behave(do="drop_after", report="never", channel="sms", next=None)
    await place.mail("order: hold")
    await place.installation.until(lambda: place.installation.count("message", "fate = 'uncertain'") == 1, "hold")
    await place.mail("twice: resend")
    await place.installation.until(lambda: "email" in place.taken(), "the mail")
    assert place.taken().count("email") == 1
    texts = {line["text"] for line in place.phone.taken() if line["channel"] == "email"}
    assert texts == {"twice: resend"}
