"""Sending: nothing that takes long beside it holds it up, and nothing is handed over when its time is over."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.agents.hand_over import hand_over
from engine.agents.route import route
from engine.agents.send import send
from engine.answer import Outcome
from engine.errors import StoreError
from engine.event import Incident, What
from engine.health import FIRST_REST, Health
from engine.medium import Medium
from engine.message import Message
from engine.notification import Channel
from engine.reason import Reason
from engine.store import incidents, pace, receipts
from engine.store.tables import message, provider_rate
from engine.topics import Topic
from tests.agents.test_hops import Bench, Scripted
from tests.builders import ACCEPTED, NOW, SILENT, a_notification

SECOND = timedelta(seconds=1)
#: It has failed again after its rest, and one message may try.
DOWN = Health(good=0.5, streak=9, opened_at=NOW - 60 * SECOND, try_at=NOW - SECOND, rest=2 * FIRST_REST)


@pytest.fixture
def provider() -> Scripted:
    return Scripted([])


@pytest.fixture
def bench(tmp_path: Path, provider: Scripted) -> Iterator[Bench]:
    made = Bench(tmp_path, provider)
    yield made
    made.store.close()


PICTURE = Message(
    id=UUID(int=1),
    account="anna",
    channel=Channel.MMS,
    provider="phone",
    address="+32470123456",
    text="Look",
    parts=1,
    media=(Medium(id=UUID(int=2)),),
)


def _is_down(bench: Bench) -> None:
    """So the claims find the provider, whoever has called it."""
    bench.store.write(lambda c: pace.hold(c, {"phone": None}))
    written = DOWN.model_dump_json(exclude_defaults=True)
    bench.store.write(lambda c: c.execute(sa.update(provider_rate).values(health=written)))


def _incidents(bench: Bench) -> list[Incident]:
    return [noun for _, noun in bench.published if isinstance(noun, Incident)]


async def test_the_admin_hears_of_a_provider_that_stays_down_and_of_each_time_once(
    bench: Bench, provider: Scripted
) -> None:
    bench.desk = replace(bench.desk, admin="anna")
    for number in range(2):
        _is_down(bench)
        provider.answers = [SILENT]
        await route(bench.desk, [a_notification(number)])
        await bench.run(send, lambda: bool(_incidents(bench)))
    assert {(each.account, each.what, each.subject) for each in _incidents(bench)} == {
        ("anna", What.PROVIDER_DOWN, "phone")
    }
    assert len({each.id for each in _incidents(bench)}) == 1  # told again after a restart, it is the same event
    bench.store.write(lambda c: c.execute(sa.update(provider_rate).values(health="")))
    standing = (What.PROVIDER_DOWN, ["anna"])
    await bench.run(send, lambda: not bench.store.read(lambda c: incidents.standing(c, *standing)))


async def test_a_stream_that_hangs_keeps_no_message_from_being_sent(bench: Bench, provider: Scripted) -> None:
    async def hang(topic: Topic, nouns: Sequence[Any]) -> None:
        await asyncio.Event().wait()

    bench.desk = replace(bench.desk, admin="anna", publish=hang)
    _is_down(bench)
    provider.answers = [ACCEPTED]
    await route(bench.desk, [a_notification()])
    await bench.run(send, lambda: bench.fate() == "sent")
    assert bench.facts() == ["queued", "sent"]


async def test_what_is_too_late_for_its_lease_is_not_handed_over_and_tried_again(
    bench: Bench, provider: Scripted
) -> None:
    asked = 0

    def clock() -> datetime:
        """As on a machine that stood still after the claim."""
        nonlocal asked
        asked += 1
        return NOW if asked == 1 else NOW + 16 * SECOND

    await route(bench.desk, [a_notification()])
    bench.desk = replace(bench.desk, clock=clock)
    await bench.run(send, lambda: bench.store.read(lambda c: c.execute(sa.select(message.c.waiting)).scalar_one()))
    assert provider.sent == []
    [told] = bench.store.read(lambda c: c.execute(sa.select(message.c.notification_id)).scalars().all())
    facts = bench.store.read(lambda c: receipts.of_notification(c, told))
    assert [(each.fate, each.reason) for each in facts][-1] == ("queued", Reason.HELD_UP)


@dataclass
class Hindered:
    """A store that cannot be read: it never answers, or says so."""

    error: StoreError | None = None

    async def aread(self, work: object) -> object:
        if self.error:
            raise self.error
        return await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("store", "left", "reason"),
    [
        (Hindered(), 0.05, Reason.HELD_UP),
        (Hindered(StoreError("the disk is full")), 10.0, Reason.STORE_DOWN),
    ],
    ids=["slow", "broken"],
)
async def test_a_message_whose_files_cannot_be_read_has_certainly_not_left(
    bench: Bench, provider: Scripted, store: Hindered, left: float, reason: Reason
) -> None:
    desk = replace(bench.desk, store=cast(Any, store))
    said = await hand_over(desk, provider, PICTURE, "ref", left)
    assert (said.outcome, said.reason, provider.sent) == (Outcome.NOT_TAKEN, reason, [])


async def test_a_provider_that_does_not_answer_in_time_may_have_taken_it(bench: Bench, provider: Scripted) -> None:
    provider.answers = [asyncio.Event()]
    said = await hand_over(bench.desk, provider, PICTURE.model_copy(update={"media": ()}), "ref", 0.05)
    assert (said.outcome, said.reason, len(provider.sent)) == (Outcome.UNKNOWN, Reason.NO_ANSWER, 1)
