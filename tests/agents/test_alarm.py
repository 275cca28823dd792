"""An incident is told once for each time that it happens, whatever is seen, restarted or broken in between."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.account import Tell
from engine.agents import alarm
from engine.agents.alarm import MailboxAlarms
from engine.agents.match import match
from engine.agents.route import route
from engine.dead_letter import DeadLetter
from engine.errors import StreamError
from engine.event import Incident, What
from engine.money import Money
from engine.reason import Reason
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.watching import State, Watching
from engine.store import accounts, ledger
from engine.topics import EVENTS, NOTIFICATIONS
from tests.agents.test_hops import Bench, Scripted
from tests.builders import NOW, a_notification, an_account

MAILBOX = Mailbox.model_validate({"host": "imap.example", "user": "anna", "password": "x"})
EUR = "EUR"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, Scripted([]))
    yield made
    made.store.close()


def _incidents(bench: Bench) -> list[Incident]:
    return [noun for name, noun in bench.published if name == EVENTS.name]


def _restart(bench: Bench, **changed: object) -> None:
    bench.desk = replace(bench.desk, alarmed=set(), **changed)  # type: ignore[arg-type]


async def test_it_is_one_event_until_it_is_over_and_another_when_it_comes_back(bench: Bench) -> None:
    for _ in range(3):
        await alarm.begin(bench.desk, "anna", What.SUSPENDED, "a mailbox")
        bench.now += timedelta(hours=1)
        _restart(bench)
    assert len({each.id for each in _incidents(bench)}) == 1
    await alarm.end(bench.desk, "anna", What.SUSPENDED, "a mailbox")
    await alarm.begin(bench.desk, "anna", What.SUSPENDED, "a mailbox")
    assert len({each.id for each in _incidents(bench)}) == 2


async def test_who_has_no_number_leaves_it_to_the_admin(bench: Bench) -> None:
    people = {"anna": an_account(numbers=()), "root": an_account("root")}
    _restart(bench, accounts=people, admin="root")
    await alarm.begin(bench.desk, "anna", What.SUSPENDED, "a mailbox")
    assert [each.account for each in _incidents(bench)] == ["root"]
    _restart(bench, admin="")
    await alarm.begin(bench.desk, "anna", What.SUSPENDED, "another")
    assert len(_incidents(bench)) == 1


# ---- mailboxes


async def _hear(bench: Bench, *states: State, broken: bool = False) -> None:
    alarms = MailboxAlarms(bench.desk)
    hear = alarms.listener("key", "anna", MAILBOX)
    for state in states:
        hear(Watching("anna", MAILBOX.place, "INBOX", state, NOW))
    bench.broken = broken
    over = asyncio.Event()

    async def end() -> None:
        over.set()

    alarms._news.put_nowait(end)
    task = asyncio.create_task(alarms.run())
    async with asyncio.timeout(60):
        if broken:
            await asyncio.sleep(0.1)
            assert not over.is_set()
            bench.broken = False
        await over.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((State.CONNECTING, State.READING, State.IDLE, State.READING), []),
        ((State.CONNECTING, State.BACKING_OFF), []),
        ((State.SUSPENDED, State.SUSPENDED), ["suspended anna, imap.example:993"] * 2),
        ((State.FOLDER_MISSING,), ["folder_missing INBOX, anna, imap.example:993"]),
    ],
)
async def test_owners_hear_of_mailboxes_that_are_watched_no_more(
    bench: Bench, states: tuple[State, ...], told: list[str]
) -> None:
    await _hear(bench, *states)
    found = _incidents(bench)
    assert [f"{each.what} {each.subject}" for each in found] == told
    assert len({each.id for each in found}) == len(set(told))


async def test_a_mailbox_that_was_mended_and_breaks_again_is_told_again(bench: Bench) -> None:
    await _hear(bench, State.SUSPENDED)
    bench.now += timedelta(hours=1)
    await _hear(bench, State.READING, State.SUSPENDED)
    assert len({each.id for each in _incidents(bench)}) == 2


async def test_what_cannot_be_told_now_is_told_later(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm, "AGAIN", 0.05)
    await _hear(bench, State.SUSPENDED, broken=True)
    assert len({each.id for each in _incidents(bench)}) == 1


# ---- credit


def _afford(bench: Bench, parts: int, cents: int = 0, low: int = 5) -> None:
    """Anna can pay so many parts, and is told at `low`."""
    anna = an_account(parts=parts, tell=Tell(low_balance=low))
    bench.store.write(lambda c: accounts.upsert(c, [anna], "v", NOW))
    if cents:
        money = Money(minor=cents * 100, currency=EUR)
        bench.store.write(lambda c: ledger.topup(c, "anna", money, f"p{cents}{bench.now}", bench.now, "test"))
    _restart(bench, accounts={"anna": anna})


async def _spend(bench: Bench, *numbers: int) -> None:
    for number in numbers:
        await route(bench.desk, [a_notification(number)])


@pytest.mark.parametrize(
    ("parts", "cents", "low", "messages", "left"),
    [
        (7, 0, 5, 1, []),
        (7, 0, 5, 2, [5]),
        (7, 0, 5, 6, [5]),
        (7, 0, 0, 7, []),
        (2, 32, 5, 1, [5]),  # one part of the plan is left, and 0.32 pays four more
        (2, 40, 5, 1, []),
        (0, 48, 5, 1, [5]),
    ],
)
async def test_a_low_balance_is_told_once_when_it_falls_below(
    bench: Bench, parts: int, cents: int, low: int, messages: int, left: list[int]
) -> None:
    _afford(bench, parts, cents, low)
    await _spend(bench, *range(messages))
    assert [each.left for each in _incidents(bench)] == left


async def test_the_warning_goes_the_way_of_every_message_and_does_not_set_itself_off(bench: Bench) -> None:
    _afford(bench, 6)
    await _spend(bench, 1)
    await match(bench.desk, _incidents(bench))
    [told] = [noun for name, noun in bench.published if name == NOTIFICATIONS.name]
    await route(bench.desk, [told])
    assert len(_incidents(bench)) == 1
    [credit] = bench.store.read(lambda c: ledger.credits(c, "anna"))
    assert credit.held == 2


async def test_topped_up_and_spent_again_it_is_told_again(bench: Bench) -> None:
    _afford(bench, 6)
    await _spend(bench, 1)
    _afford(bench, 6, cents=80)
    bench.now += timedelta(minutes=1)
    await _spend(bench, 2)
    _afford(bench, 6)
    await _spend(bench, *range(3, 13))
    assert len({each.id for each in _incidents(bench)}) == 2


async def test_a_crash_between_noticing_and_telling_tells_it_after_the_restart(bench: Bench) -> None:
    _afford(bench, 6)
    bench.broken = True
    with pytest.raises(StreamError):
        await _spend(bench, 1)
    bench.broken = False
    _restart(bench)
    await _spend(bench, 1)
    _restart(bench)
    await _spend(bench, 1)
    assert len(_incidents(bench)) == 2
    assert len({each.id for each in _incidents(bench)}) == 1


# ---- dead letters


def _letter(offset: int, value: bytes = b"\xff", key: bytes = b"anna", days: int = 0) -> DeadLetter:
    at = NOW + timedelta(days=days)
    return DeadLetter(
        topic="tocsin-events", partition=1, offset=offset, key=key, value=value, reason=Reason.POISON, error="", at=at
    )


@pytest.mark.parametrize(
    ("letters", "admin", "told"),
    [
        ([_letter(1), _letter(2)], "", {"anna": 1}),
        ([_letter(1), _letter(2, days=1)], "", {"anna": 2}),
        ([_letter(1)], "root", {"root": 1}),
        ([_letter(1, key=b"nobody")], "", {}),
        ([_letter(1, key=b"\xff")], "", {}),
        ([_letter(1, value=b'{"kind":"incident","x":1}')], "root", {}),
        ([_letter(1, value=b'{"event_id":"1","scope":"tocsin"}')], "root", {}),
    ],
)
async def test_dead_letters_are_told_once_a_day_and_never_of_themselves(
    bench: Bench, letters: list[DeadLetter], admin: str, told: dict[str, int]
) -> None:
    _restart(bench, accounts={"anna": an_account(), "root": an_account("root")}, admin=admin)
    for each in letters:
        await alarm.tell_of_letter(bench.desk, each)
    ids = {(each.account, each.id) for each in _incidents(bench)}
    assert {name: sum(account == name for account, _ in ids) for name in {a for a, _ in ids}} == told
