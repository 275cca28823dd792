"""Lanes: what a bulk mailing of 5,000 in lane 3 costs an urgent message, in slots of the provider's rate.

The whole line runs as it does at work: mails in a mailbox become urgent SMS through a provider that takes so many a
second. Rounds without and with the bulk waiting take turns. An urgent message is timed from its admission to the
moment at which the provider has it in its journal.
"""

import asyncio
import random
import statistics
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figures import figure
from engine.identity import derive
from engine.money import Money
from engine.notification import Channel, Lane, Notification
from engine.quote import Quote
from engine.store import inbox
from tests.servers.installation import Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

RATE = 20.0
SLOT = timedelta(seconds=1 / RATE)
BULK = 5_000
ROUNDS, URGENT = 3, 60
#: Urgent mails a second, a good part below what the provider takes.
PER_SECOND = 4.0

RULES = """\
version: 1
defaults: {signature: off, lane: 1, limits: {dedupe: off, throttle: off, daily: off, quiet_hours: off}}
rules:
  - name: Urgent
    when: {subject: {starts_with: urgent}}
    notify: {to: me, text: "{subject|60}"}
"""
ANNA = Person("anna", "+32470000001", "u1", parts=100_000, rules=RULES)
BERT = Person("bert", "+32470000002", "u2", parts=100_000)


async def run() -> bool:
    """The figure; true when its goal is met."""
    async with PymapServer.running(2) as server:
        with tempfile.TemporaryDirectory() as folder:
            office = Installation(Path(folder))
            try:
                phone = await office.start_phone(provider_class="opaque")
                office.write([ANNA, BERT], server)
                engine = office.config / "engine.yaml"
                engine.write_text(engine.read_text().replace("class: opaque", f"class: opaque, rate: {RATE}"))
                await phone.behave(do="take", report="never", next=None)
                await office.start_engine()
                await office.watching(2)
                return await _measure(office, server)
            finally:
                await office.close()


async def _measure(office: Installation, server: PymapServer) -> bool:
    alone: list[float] = []
    beside: list[float] = []
    for turn in range(ROUNDS):
        alone += await _urgent(office, server, f"a{turn}")
        _mail_to_many(office, turn)
        beside += await _urgent(office, server, f"b{turn}")
        left = office.count("message", "fate = 'queued' AND lane = 3 AND NOT waiting")
        print(f"  round {turn + 1}: {left} of the bulk still waited at its end", flush=True)
        office.change("UPDATE message SET waiting = true WHERE fate = 'queued' AND lane = 3")
    added = (_p99(beside) - _p99(alone)) / SLOT.total_seconds()
    return figure(
        "slots_that_bulk_of_5000_adds_to_the_p99_of_lane_1",
        round(added, 2),
        "<=",
        2,
        f"p99 without bulk {_p99(alone) * 1000:.0f} ms, with it {_p99(beside) * 1000:.0f} ms (medians"
        f" {statistics.median(alone) * 1000:.0f}, {statistics.median(beside) * 1000:.0f}); a slot is"
        f" {SLOT.total_seconds() * 1000:.0f} ms",
    )


async def _urgent(office: Installation, server: PymapServer, name: str) -> list[float]:
    """Send urgent mails at random moments; seconds from admission to the provider's journal of each."""
    chance = random.Random(name)
    for n in range(URGENT):
        await server.deliver("u1", letter(subject=f"urgent {name} {n}"))
        await asyncio.sleep(chance.expovariate(PER_SECOND))
    phone = office.phones["phone"]

    def taken() -> dict[str, datetime]:
        lines = [line for line in phone.taken() if str(line["text"]).startswith(f"urgent {name} ")]
        return {str(line["ref"]).partition("-")[0]: datetime.fromisoformat(str(line["at"])) for line in lines}

    await office.until(lambda: len(taken()) >= URGENT, "the urgent ones to be sent", 120)
    admitted = office.rows(
        "SELECT m.id, n.admitted_at FROM message m JOIN notification n ON n.id = m.notification_id"
    )
    when = {str(row[0]).replace("-", ""): datetime.fromtimestamp(row[1] / 1e6, UTC) for row in admitted}
    return [(at - when[ref]).total_seconds() for ref, at in taken().items()]


def _mail_to_many(office: Installation, turn: int) -> None:
    """Put the bulk into the queue, as a mailing's fan-out will."""
    now = datetime.now(UTC)
    price = Quote(channel=Channel.SMS, provider="phone", parts=1, price=Money.parse("0.08", "EUR"), tariff="+32470")
    bulk = [
        Notification(
            event_id=derive("bench", turn, n),
            account="bert",
            scope="bert",
            rule="bulk",
            action="sms",
            recipient="me",
            address="+32470000002",
            text=f"Offer {n}",
            lane=Lane.BULK,
            decided_at=now,
        )
        for n in range(BULK)
    ]
    with office.store() as store:
        for start in range(0, BULK, 500):
            some = [(each, price) for each in bulk[start : start + 500]]
            store.write(lambda c: inbox.take_in(c, some, "EUR", now))  # noqa: B023


def _p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[max(0, int(len(seconds) * 0.99) - 1)]
