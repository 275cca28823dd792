"""A provider that takes every connection and never answers, and 1,000 urgent messages: who is reached, by when, how
often, at what cost.

The tariff names two providers, the black hole and a virtual phone. With `on_unknown: resend` everybody is to be
reached through the second by the deadline; with `hold` nobody is to be reached twice, and no more may be uncertain
than were in the air when the hole was found out. Judged by what the hole read, by the phone's journal and the ledger.
"""

import asyncio
import contextlib
import re
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figures import figure
from engine.health import THRESHOLD
from engine.store import ledger
from tests.servers.installation import Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

MESSAGES = 1_000
WINDOW = 16
TIMEOUT = timedelta(seconds=5)
#: Within so long after its admission each urgent message should be with somebody who can carry it.
DEADLINE = timedelta(seconds=30)
GRACE = timedelta(seconds=5)

RULES = """\
version: 1
defaults:
  signature: off
  lane: 1
  on_unknown: {on_unknown}
  limits: {{dedupe: off, throttle: off, daily: off, quiet_hours: off}}
rules:
  - name: Urgent
    when: {{subject: {{starts_with: urgent}}}}
    notify: {{to: me, text: "{{subject|60}}"}}
"""


class Hole:
    """Listens, reads, says nothing; remembers the references that it was handed."""

    def __init__(self) -> None:
        self.refs: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        """Listen on a free port of this machine."""
        self._server = await asyncio.start_server(self._read, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = b""
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65536):
                said += piece
        found = re.search(rb'"ref": ?"([0-9a-f]{32})-', said)
        self.refs[found[1].decode() if found else "?"] += 1
        writer.close()

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()


async def run() -> bool:
    """All figures; true when every goal is met."""
    return all([await _try("resend"), await _try("hold")])


async def _try(on_unknown: str) -> bool:
    anna = Person("anna", "+32470000001", "u1", parts=MESSAGES * 3, rules=RULES.format(on_unknown=on_unknown))
    hole = Hole()
    await hole.open()
    async with PymapServer.running(1) as server:
        with tempfile.TemporaryDirectory() as folder:
            office = Installation(Path(folder))
            try:
                phone = await office.start_phone(provider_class="opaque")
                seconds = int(TIMEOUT.total_seconds())
                office.gateways = (
                    f"  hole: {{driver: fake, url: 'http://127.0.0.1:{hole.port}', class: opaque,"
                    f" timeout: {seconds}s, window: {WINDOW}}}\n"
                )
                office.write([anna], server)
                tariff = office.config / "tariff.yaml"
                tariff.write_text(tariff.read_text().replace("provider: phone", "provider: [hole, phone]"))
                await phone.behave(do="take", report="delivered", next=None)
                await office.start_engine()
                await office.watching(1)
                await server.deliver("u1", *(letter(subject=f"urgent {n}") for n in range(MESSAGES)))
                await office.until(lambda: office.count("message") >= MESSAGES, "all to be admitted", 120)
                await asyncio.sleep((DEADLINE + GRACE).total_seconds())
                await office.end_engine()
                return _judge(office, hole, on_unknown)
            finally:
                await office.close()
                await hole.close()


def _judge(office: Installation, hole: Hole, on_unknown: str) -> bool:
    rows = office.rows(
        "SELECT m.id, m.fate, n.admitted_at FROM message m JOIN notification n ON n.id = m.notification_id"
    )
    admitted = {_plain(row[0]): datetime.fromtimestamp(row[2] / 1e6, UTC) for row in rows}
    fates = Counter(row[1] for row in rows)
    taken = [
        (_plain(line["ref"]), datetime.fromisoformat(str(line["at"]))) for line in office.phones["phone"].taken()
    ]
    reached = {ref for ref, at in taken if at - admitted[ref] <= DEADLINE + GRACE}
    slowest = max((at - admitted[ref] for ref, at in taken), default=timedelta(0))
    both = sorted({ref for ref, _ in taken} & set(hole.refs))
    twice = sum(many - 1 for many in Counter(ref for ref, _ in taken).values())
    with office.store() as store:
        credit = store.read(lambda c: ledger.credits(c, "anna"))[0]
        wrong = len(store.read(ledger.differences))
    uncertain = fates["uncertain"]
    print(
        f"  {on_unknown}: fates {dict(fates)}; the slowest reached the phone {slowest.total_seconds():.1f} s after"
        f" its admission; {len(hole.refs)} were handed to the hole, {len(both)} of them to the phone too:"
        f" {', '.join(each[:8] for each in both[:30])}"
    )
    name = f"black_hole_{on_unknown}"
    seconds = f"{(DEADLINE + GRACE).total_seconds():.0f} s after admission"
    out = [
        figure(f"{name}_admitted", len(rows), "==", MESSAGES),
        figure(
            f"{name}_paid_or_set_aside", credit.spent + credit.held, "==", MESSAGES, "parts; each message has one"
        ),
        figure(f"{name}_sent_twice_by_the_phone", twice, "==", 0),
        figure(f"{name}_ledger_differences", wrong, "==", 0),
    ]
    if on_unknown == "resend":
        out += [
            figure(f"{name}_reached_by_the_deadline", len(reached), "==", MESSAGES, seconds),
            figure(f"{name}_uncertain", uncertain, "==", 0),
        ]
    else:
        most = WINDOW + THRESHOLD
        out += [
            figure(f"{name}_uncertain", uncertain, "<=", most, f"{WINDOW} in the air and {THRESHOLD} that open it"),
            figure(f"{name}_all_others_reached", len(reached), "==", MESSAGES - uncertain, seconds),
            figure(f"{name}_sent_by_both", len(both), "==", 0),
        ]
    return all(out)


def _plain(id: object) -> str:
    """An id or a reference as 32 hex digits."""
    return str(id).replace("-", "")[:32]
