"""A dead letter goes back to the stream as it stood, and leaves the dead letters only once it is there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import topics
from engine.agents.match import match
from engine.agents.obey import obey, replay
from engine.dead_letter import DeadLetter, read_place
from engine.errors import StreamError
from engine.reason import Reason
from engine.store import commands, dead_letters
from engine.store.commands import LEASE, CommandKind
from tests.agents.test_hops import Bench, Scripted
from tests.builders import NOW, a_mail

PLACE = "tocsin-events/3@17"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, Scripted([]))
    yield made
    made.store.close()


def _bury(bench: Bench, value: bytes = b"\xff", topic: str = "tocsin-events") -> None:
    letter = DeadLetter(
        topic=topic, partition=3, offset=17, key=b"anna", value=value, reason=Reason.POISON, error="x", at=NOW
    )
    bench.store.write(lambda c: dead_letters.bury(c, letter))
    bench.store.write(lambda c: commands.ask(c, CommandKind.REPLAY, [letter.place], NOW, "test"))


def _left(bench: Bench) -> tuple[int, int]:
    """(dead letters, commands) that are still there."""
    asked = bench.store.read(lambda c: commands.waiting(c, CommandKind.REPLAY))
    return len(bench.store.read(dead_letters.all_letters)), len(asked)


@pytest.mark.parametrize("written", ["", "x", "tocsin-events/3", "tocsin-events@3", "/3@4", "t/-1@2", "t/1@x"])
def test_what_is_no_place_is_said_to_be_none(written: str) -> None:
    with pytest.raises(ValueError, match="named like tocsin-events/3@17"):
        read_place(written)


async def test_what_was_asked_is_done_and_the_bytes_are_the_same(bench: Bench) -> None:
    _bury(bench, b"\xff\x00 garbage")
    await bench.run(obey, lambda: _left(bench) == (0, 0))
    [(topic, letter)] = bench.published
    assert topic == "tocsin-events"
    again = topics.again(topic)
    assert again is not None
    assert again.encode(letter) == (b"anna", b"\xff\x00 garbage")


async def test_a_letter_stays_until_it_is_durable_on_the_stream(bench: Bench) -> None:
    _bury(bench)
    bench.broken = True
    with pytest.raises(StreamError):
        await replay(bench.desk, PLACE)
    assert _left(bench) == (1, 1)
    bench.broken = False
    await replay(bench.desk, PLACE)
    assert _left(bench) == (0, 0)


async def test_a_stream_that_is_down_ends_nothing_and_what_was_asked_waits(bench: Bench) -> None:
    _bury(bench)
    bench.broken = True
    await bench.run(obey, lambda: True)
    assert _left(bench) == (1, 1)
    bench.broken = False
    bench.now += LEASE * 2
    await bench.run(obey, lambda: _left(bench) == (0, 0))


@pytest.mark.parametrize(
    ("value", "topic"), [(b"x" * (topics.MOST_RECORD_BYTES + 1), "tocsin-events"), (b"x", "a-topic-of-old")]
)
async def test_what_can_never_be_published_stays_and_is_not_tried_for_ever(
    bench: Bench, value: bytes, topic: str
) -> None:
    _bury(bench, value, topic)
    await bench.run(obey, lambda: _left(bench) == (1, 0))
    assert bench.published == []


async def test_a_command_for_a_letter_that_is_gone_is_over(bench: Bench) -> None:
    bench.store.write(lambda c: commands.ask(c, CommandKind.REPLAY, [PLACE, PLACE.replace("3", "4")], NOW, "test"))
    await bench.run(obey, lambda: _left(bench) == (0, 0))
    assert bench.published == []


async def test_asking_twice_is_asking_once_and_two_workers_do_not_take_the_same(bench: Bench) -> None:
    for _ in range(2):
        bench.store.write(lambda c: commands.ask(c, CommandKind.REPLAY, [PLACE], NOW, "test"))
    assert bench.store.write(lambda c: commands.take(c, CommandKind.REPLAY, NOW)) == [PLACE]
    assert bench.store.write(lambda c: commands.take(c, CommandKind.REPLAY, NOW)) == []
    later = NOW + LEASE * 2
    assert bench.store.write(lambda c: commands.take(c, CommandKind.REPLAY, later)) == [PLACE]


async def test_a_mail_that_is_replayed_twice_leads_to_one_notification(bench: Bench) -> None:
    _, value = topics.EVENTS.encode(a_mail())
    for _ in range(2):
        _bury(bench, value)
        await replay(bench.desk, PLACE)
    again = topics.again("tocsin-events")
    assert again is not None
    events = [again.decode(again.encode(letter)[1]) for _, letter in bench.published]
    for event in events:
        await match(bench.desk, [event])
    assert len(bench.noticed()) == 2
    assert len({each.id for each in bench.noticed()}) == 1
