"""The embedded line from a mail on the stream to its decision in the store, where no rule matches."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from engine import topics
from engine.account import Account
from engine.agents.app import Binding, Stream
from engine.agents.desk import Bells, Desk
from engine.agents.match import match
from engine.channels.tariff import Tariff
from engine.dead_letter import DeadLetter
from engine.document import read
from engine.event import Address, MailArrived
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import Ruleset
from engine.store import accounts, revision
from engine.store.database import Database

CHUNK = 500
_UNLIMITED = "defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}"
RULES = f"version: 1\n{_UNLIMITED}\nrules:\n" + "".join(
    f"  - {{name: Rule {n}, when: {{from: '@customer{n}.example', subject: [invoice {n}, urgent {n}]}},"
    f" notify: {{to: me}}}}\n"
    for n in range(5)
)


def a_mail(uid: int) -> MailArrived:
    """About 1 kB on the stream, as a short mail is."""
    now = datetime.now(UTC)
    return MailArrived(
        account=f"a{uid % 97}",
        host="imap.example",
        user="anna@example.org",
        folder="INBOX",
        uidvalidity=7,
        uid=uid,
        arrived_at=now,
        read_at=now,
        sender=Address(name="Somebody", address="somebody@elsewhere.example"),
        to=(Address(address="anna@example.org"),),
        subject="Minutes of the meeting",
        message_id=f"<{uid}@elsewhere.example>",
        text="x" * 500,
        size=1200,
    )


async def decided(folder: Path, mails: Sequence[MailArrived], url: str = "", *, fed: bool = False) -> float:
    """Events a second: published in chunks, decided, the decision durable, acknowledged.

    `url`: where the stream lies, a file in `folder` when empty. `fed`: the mails are on the stream already, and the
    clock begins when the first of them reaches the hop.
    """
    count = len(mails)
    store = Database(f"sqlite:///{folder}/store.db")
    revision.ensure(store)
    people = [Account(id=f"a{n}", numbers=("+32470000001",)) for n in range(97)]
    store.write(lambda c: accounts.upsert(c, people, "v", datetime.now(UTC)))
    ruleset = _ruleset(people)

    async def bury(letter: DeadLetter) -> None:
        raise AssertionError(letter.error)

    def fatal(error: BaseException) -> None:
        raise error

    desk = Desk(
        store=store,
        accounts={each.id: each for each in people},
        ruleset=ruleset,
        tariff=Tariff("EUR", []),
        providers={},
        publish=lambda topic, nouns: stream.publish(topic, nouns),
        clock=lambda: datetime.now(UTC),
        jitter=lambda seconds: seconds,
        mailboxes=[],
        owns=lambda account: True,
        office=cast(Any, None),
        bells=Bells(),
    )

    begun = 0.0
    done = 0

    async def work(nouns: list[Any]) -> None:
        nonlocal begun, done
        begun = begun or time.perf_counter()
        await match(desk, nouns)
        done += len(nouns)

    stream = Stream(
        url or f"sqlite:///{folder}/stream.db",
        [Binding("match", topics.EVENTS, work)],
        bury=bury,
        fatal=fatal,
        clock=desk.clock,
    )
    await stream.start()
    if not fed:
        begun = time.perf_counter()
        for start in range(0, count, CHUNK):
            await stream.publish(topics.EVENTS, mails[start : start + CHUNK])
    while done < count or stream.lag().get(topics.EVENTS.name, 0):
        await asyncio.sleep(0.005)
    rate = count / (time.perf_counter() - begun)
    await stream.stop()
    store.close()
    return rate


def _ruleset(people: list[Account]) -> Ruleset:
    document = read(RULES, "rules/global/rules.yaml")
    ruleset, problems = load(
        [RuleFolder("global", "rules/global", [document])], [each.id for each in people], "bench"
    )
    assert not problems, problems
    return ruleset
