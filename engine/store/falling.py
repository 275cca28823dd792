"""A notification on its journey takes the next channel, waits, or is done: all of it in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from engine.admission.later import Hold
from engine.admission.roads import Ruled, rule_on, rule_out
from engine.admission.standing import Bucket, Standing
from engine.failpoints import failpoint
from engine.journey import Leg, Step, decide, reached, why
from engine.notification import Channel, Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import due, journeys, ledger, messages, standings
from engine.store.attempt_state import AttemptState
from engine.store.books import fate_of, say_instead
from engine.store.due import DueKind
from engine.store.messages import Row
from engine.store.queueing import Admitted, queue
from engine.store.tables import attempt, message, receipt

#: The road of a notification at this moment, or why it is not to be sent.
Quoting = Callable[[Notification], Quote | Reason]


class Telling(NamedTuple):
    """Whether a provider says by some channel what has arrived, and what was read."""

    arrived: bool = False
    read: bool = False


#: What a provider, by its name, tells of messages on a channel.
Tells = Callable[[str, Channel], Telling]

#: These are said of the notification, whatever the road.
_OF_ALL = (Reason.RULE_WITHDRAWN, Reason.ACCOUNT_FROZEN, Reason.UNKNOWN_ACCOUNT)
#: With these a message was given up though a call of it may have got through.
_GIVEN_UP = (Reason.NO_ANSWER, Reason.GAVE_UP, Reason.PROVIDER_UNKNOWN)


def fall(
    connection: sa.Connection, ids: Sequence[UUID], quoting: Quoting, tells: Tells, currency: str, now: datetime
) -> None:
    """Look at the journeys of these notifications; what is on none is passed over."""
    purses = ledger.open_purses(connection, journeys.owners(connection, ids), currency, now)
    # Only now, under the locks: another worker may have been quicker.
    rows = journeys.find(connection, ids)
    for id in set(ids) - {row.notification_id for row in rows}:
        due.cancel(connection, DueKind.FALLBACK, str(id))
    told = [Notification.model_validate_json(row.body) for row in rows]
    world = _World(connection, quoting, tells, purses, dict(standings.read(connection, purses, told, now)), now)
    for row, each in zip(rows, told, strict=True):
        _look(world, row, each)
    failpoint("journey_open")


@dataclass
class _World:
    """What all journeys of one transaction share; the standings are folded through it."""

    connection: sa.Connection
    quoting: Quoting
    tells: Tells
    purses: Mapping[str, ledger.Purse]
    standings: dict[str, Standing]
    now: datetime


@dataclass
class _Passage:
    """One journey that goes on: what it leaves, and what is decided on the roads ahead."""

    row: Row
    told: Notification
    left: Row
    unknown: bool
    """Whether the provider may have taken what is left."""
    because: Reason
    passed: list[Channel]

    @property
    def withdrawn(self) -> bool:
        """Whether the message that is left behind has certainly not been sent, and never will be."""
        return self.left.fate == Fate.QUEUED.value and not self.unknown


def _look(world: _World, row: Row, told: Notification) -> None:
    connection, now = world.connection, world.now
    mine = message.c.notification_id == told.id
    found = connection.execute(sa.select(message).where(mine).order_by(message.c.id).with_for_update()).all()
    by_channel = {Channel(each.channel): each for each in found}
    current = by_channel.pop(Channel(row.channel))
    assert told.fallback is not None
    leg = _leg(world, row, told, current, by_channel)
    step = decide(leg, told.fallback, current.on_unknown)
    if step is Step.WAIT:
        journeys.wait(connection, row, now)
    elif step is Step.DONE:
        journeys.drop(connection, row, Reason.REACHED, now)
        journeys.end(connection, [told.id])
    else:
        because = why(leg, _last_reason(connection, current), told.fallback)
        _go_on(world, _Passage(row, told, current, leg.unknown, because, journeys.passed(row)))


def _leg(world: _World, row: Row, told: Notification, current: Row, others: Mapping[Channel, Row]) -> Leg:
    assert told.fallback is not None
    telling = world.tells(current.provider, Channel(current.channel))
    return Leg(
        fate=Fate(current.fate),
        unknown=_is_unknown(world.connection, current),
        late=row.fall_at is not None and row.fall_at <= world.now,
        reports=telling.arrived,
        reads=telling.read,
        reached=any(
            reached(Fate(each.fate), told.fallback, reads=world.tells(each.provider, channel).read)
            for channel, each in others.items()
        ),
    )


def _is_unknown(connection: sa.Connection, row: Row) -> bool:
    """Whether its provider may have taken it without our knowing.

    A call that brought no answer stays open until the provider was asked and said that it took nothing, or until it
    says no to the message itself.
    """
    if row.fate == Fate.UNCERTAIN.value:
        return True
    if row.fate == Fate.FAILED.value and _last_reason(connection, row) not in _GIVEN_UP:
        return False
    calls = connection.execute(sa.select(attempt).where(attempt.c.message_id == row.id).order_by(attempt.c.n)).all()
    if row.fate == Fate.SENDING.value:
        calls = calls[-1:]  # one that is in the air brings its answer
    denied = sa.select(sa.func.max(receipt.c.at, type_=receipt.c.at.type)).where(
        receipt.c.message_id == row.id, receipt.c.reason == Reason.NOT_TAKEN.value
    )
    since = connection.execute(denied).scalar_one()
    open_calls = [each for each in calls if each.state == AttemptState.UNKNOWN.value]
    return any(since is None or each.ended_at > since for each in open_calls)


def _last_reason(connection: sa.Connection, row: Row) -> Reason:
    """Of its last receipt."""
    mine = sa.select(receipt.c.reason).where(receipt.c.message_id == row.id)
    return Reason(connection.execute(mine.order_by(receipt.c.seq.desc()).limit(1)).scalar_one())


def _go_on(world: _World, on: _Passage) -> None:
    """Take the first road ahead that is open; where none is, leave it at what was sent or waits to be."""
    told = on.told
    assert told.fallback is not None
    for road in journeys.ahead(told, on.passed):
        alone = told.alone(road)
        ruled, after = _rule(world, on, alone)
        if ruled.verdict.later is not None:
            _hold(world, on, ruled)
            return
        if ruled.admitted:
            _take(world, on, alone, ruled, after)
            return
        fate = fate_of(ruled.verdict)
        journeys.note(world.connection, on.row, ruled.channel, fate, ruled.verdict.reason, world.now)
        on.passed.append(road.channel)
        last = ruled.verdict.reason is Reason.NO_CREDIT and "no_credit" not in told.fallback.on
        if last or ruled.verdict.reason in (*_OF_ALL, Reason.EXPIRED):
            break
    journeys.end(world.connection, [told.id])


def _rule(world: _World, on: _Passage, alone: Notification) -> tuple[Ruled, Standing | None]:
    """What the gates say of one road; the credit of what is left behind counts as given back."""
    standing = world.standings.get(alone.account)
    if standing is None:
        return rule_out(alone, Reason.UNKNOWN_ACCOUNT)[0], None
    if alone.not_after is not None and alone.not_after < world.now:
        return rule_out(alone, Reason.EXPIRED)[0], standing
    quote = world.quoting(alone)
    if isinstance(quote, Reason):
        return rule_out(alone, quote)[0], standing
    return rule_on(alone, quote, _given_back(world, on, standing))


def _given_back(world: _World, on: _Passage, standing: Standing) -> Standing:
    purse = world.purses[on.left.account_id]
    bucket = next((each for each in Bucket if on.left.bucket_id == purse.bucket_id(each)), None)
    if bucket is None or not on.withdrawn:
        return standing
    return standing.paid(bucket, -on.left.units)


def _take(world: _World, on: _Passage, alone: Notification, ruled: Ruled, after: Standing | None) -> None:
    """By this road; what still waits on the one before it is not sent any more."""
    connection, told, now = world.connection, on.told, world.now
    assert ruled.quote is not None
    assert after is not None
    _leave(connection, on, now)
    passed = [*on.passed, ruled.channel]
    further = bool(journeys.ahead(told, passed))
    purse = world.purses[told.account]
    queue(connection, [Admitted(alone, ruled.quote, ruled.verdict, purse, further)], now)
    detail = say_instead(Channel(on.left.channel), on.because)
    journeys.note(connection, on.row, ruled.channel, Fate.QUEUED, Reason.INSTEAD, now, detail)
    world.standings[told.account] = after
    journeys.end(connection, [told.id])
    if further:
        journeys.begin(connection, [(told, ruled.channel, passed)], now)


def _leave(connection: sa.Connection, on: _Passage, now: datetime) -> None:
    """What was not sent is withdrawn; what may have been is kept open for a late report, and not tried again."""
    left = on.left
    if on.withdrawn:
        messages.end(connection, left, Fate.WITHDRAWN, Reason.NOT_IN_TIME, now)
    elif left.fate in (Fate.QUEUED.value, Fate.SENDING.value):
        messages.hold(connection, left, Reason.LEFT_OPEN, now)


def _hold(world: _World, on: _Passage, ruled: Ruled) -> None:
    """This road waits for the end of quiet hours; the message before it stays as it is until then."""
    assert isinstance(ruled.verdict.later, Hold)
    until = ruled.verdict.later.wake_at
    if on.row.held != ruled.channel.value:
        note = (ruled.channel, Fate.HELD, ruled.verdict.reason, world.now, until.isoformat())
        journeys.note(world.connection, on.row, *note)
    journeys.hold(world.connection, on.row, ruled.channel, on.passed, until)
