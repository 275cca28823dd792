"""The send queue is a table: three lanes, fair between accounts, and every attempt durable before the call."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

import sqlalchemy as sa

from engine.answer import ProviderClass
from engine.failpoints import failpoint
from engine.message import Message
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import detour, due, pace, polls, walk
from engine.store.attempt_state import AttemptState
from engine.store.database import lock_accounts
from engine.store.due import DueKind
from engine.store.messages import Row, change, end, handed, hold, is_open, reference, whole
from engine.store.pace import Pace
from engine.store.tables import attempt, message

#: Which lane is served in each of twelve turns: 8 to lane 1, 3 to lane 2, 1 to lane 3 (S16). A lane that is empty
#: leaves its turn to the others, so none waits for nothing and none starves.
TURNS = (1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 2, 3)


@dataclass(frozen=True)
class Claim:
    """A message that this worker may hand to its provider from `not_before` on, until the lease lapses."""

    message: Message
    attempt: int
    client_ref: str
    not_before: datetime


@dataclass(frozen=True)
class Claims:
    """What a worker may send. `wait`: how long until a provider that has messages waiting may be called again."""

    claims: list[Claim]
    wait: timedelta | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    """How much of its share each provider should get of new messages: 0 is nothing, 1 all of it."""
    down: frozenset[str] = frozenset()
    """The providers that failed again after a rest."""


@dataclass(frozen=True)
class Terms:
    """What the queue must know of a provider."""

    provider_class: ProviderClass
    timeout: timedelta
    key_life: timedelta
    rate: float | None = None
    """Messages a second, over all workers; None: as fast as it answers."""
    window: int = 16
    """Calls in the air at once, for each worker: one that does not answer must not take the room of the others."""
    polled: bool = False
    """Whether it can be asked what became of a message that it took."""

    @property
    def patience(self) -> timedelta:
        """How long a call is waited for: the provider keeps its time-out by itself, and gets half of it more."""
        return self.timeout * 1.5

    @property
    def lease(self) -> timedelta:
        """How long a call is its caller's; then nobody waits for it any more, and what it did is unknown."""
        return self.patience + timedelta(seconds=1)


def claim(
    connection: sa.Connection,
    terms: Mapping[str, Terms],
    room: int,
    clock: Callable[[], datetime],
    calls: Mapping[str, int] = MappingProxyType({}),
) -> Claims:
    """Take up to `room` messages and write an attempt for each, in the caller's transaction. `calls`: how many the
    caller has in the air with each provider.

    Only after that transaction is durable may a provider be called: what died before was never sent, what dies
    after is found as an attempt in flight. The clock is asked when the locks are held, not when the wait for them
    began.
    """
    paces = pace.hold(connection, {name: each.rate for name, each in terms.items()})
    now = clock()
    present = pace.present(connection, now)
    detour.around(connection, {name: each.health.state(present) for name, each in paces.items()}, now)
    seats = {name: max(0, each.window - calls.get(name, 0)) for name, each in terms.items()}
    free = {name: min(seats[name], each.free(present, room)) for name, each in paces.items()}
    chosen, late = _choose(connection, room, paces, free)
    rows = _lock(connection, chosen)
    moved = {row.id for row in rows if row.provider not in terms and _let_go(connection, row, terms, now)}
    rows = [row for row in rows if row.id not in moved]
    ending = [row for row in rows if _no(row, terms, now) is not None]
    # Others take account before message, so with messages in hand no account is waited for: it ends the next time.
    mine = lock_accounts(connection, {row.account_id for row in ending}, skip_locked=True) if ending else []
    for row in ending:
        if row.account_id in mine:
            end(connection, row, *_no(row, terms, now) or (Fate.FAILED, Reason.EXPIRED), now)
    claims = []
    for row in rows:
        if row not in ending:
            wait = paces[row.provider].take(present, terms[row.provider].patience)
            claims.append(Claim(handed(row), row.attempts + 1, reference(row), now + wait))
    record(connection, claims, terms, now)
    pace.keep(connection, paces, {name for name, _ in chosen})
    if claims:
        failpoint("attempt_open")
    # With every seat taken it is an answer that makes room, not time.
    waits = [paces[name].opens(present) - present for name in late if seats[name]]
    if ending or moved:
        waits.append(timedelta(0))  # they made room for others
    shares = {name: each.health.share(present) for name, each in paces.items()}
    down = frozenset(name for name, each in paces.items() if each.health.down)
    return Claims(claims, max(min(waits), timedelta(milliseconds=1)) if waits else None, shares, down)


def _let_go(connection: sa.Connection, row: Row, terms: Mapping[str, Terms], now: datetime) -> bool:
    """What a provider that is no longer configured may have taken waits for its receipt; else another takes over.

    False when nobody does.
    """
    stand_in = detour.find_stand_in(row, terms)
    if is_open(connection, row):
        hold(connection, row, Reason.PROVIDER_UNKNOWN, now)
    elif stand_in is None:
        return False
    else:
        detour.hand_on(connection, row, stand_in)
    return True


def _no(row: Row, terms: Mapping[str, Terms], now: datetime) -> tuple[Fate, Reason] | None:
    """Why a message is not to be sent after all."""
    if row.not_after is not None and row.not_after < now:
        return Fate.EXPIRED, Reason.EXPIRED
    return None if row.provider in terms else (Fate.FAILED, Reason.PROVIDER_UNKNOWN)


def record(connection: sa.Connection, claims: Sequence[Claim], terms: Mapping[str, Terms], now: datetime) -> None:
    """Write the attempts of these claims, before anybody is called."""
    if not claims:
        return
    until = {each.message.id: each.not_before + terms[each.message.provider].lease for each in claims}
    first = {"state": AttemptState.IN_FLIGHT.value, "reason": "", "started_at": now, "provider_ref": "", "detail": ""}
    connection.execute(
        sa.insert(attempt).values(**first),
        [
            {
                "message_id": each.message.id,
                "n": each.attempt,
                "client_ref": each.client_ref,
                "provider": each.message.provider,
                "lease_until": until[each.message.id],
            }
            for each in claims
        ],
    )
    connection.execute(
        sa.update(message)
        .where(message.c.id == sa.bindparam("of"))
        .values(fate=Fate.SENDING.value, attempts=sa.bindparam("n")),
        [{"of": each.message.id, "n": each.attempt} for each in claims],
    )
    due.schedule_all(connection, DueKind.LEASE, [(str(id), at) for id, at in until.items()])
    polls.begin(connection, {e.message.id: e.not_before for e in claims if terms[e.message.provider].polled})


def _choose(
    connection: sa.Connection, room: int, paces: Mapping[str, Pace], free: Mapping[str, int]
) -> tuple[list[tuple[str, UUID]], set[str]]:
    """The next `room` messages as (provider, id), and the providers that must leave messages waiting.

    Providers take turns; of each, the lanes by their shares, and inside a lane the accounts in turn.
    """
    waiting = walk.waiting(connection, room)
    names = sorted(waiting)
    left = {name: free.get(name, room) for name in names}  # who is no longer configured is to be ended
    turns = {name: paces[name].turn if name in paces else 0 for name in names}
    begin = sum(turns.values()) % len(names) if names else 0
    order = deque(names[begin:] + names[:begin])
    chosen: list[tuple[str, UUID]] = []
    late: set[str] = set()
    while order and len(chosen) < room:
        name = order.popleft()
        lanes = waiting[name]
        if not any(lanes.values()):
            continue
        if not left[name]:
            late.add(name)
            continue
        lane = TURNS[turns[name] % len(TURNS)]
        turns[name] += 1
        left[name] -= 1
        chosen.append((name, next(lanes[each] for each in (lane, *lanes) if lanes.get(each)).pop(0)))
        order.append(name)
    for name in names:
        if name in paces:
            paces[name].turn = turns[name] % len(TURNS)
    return chosen, late


def _lock(connection: sa.Connection, chosen: Sequence[tuple[str, UUID]]) -> list[Row]:
    """The rows that are still there to be sent; PostgreSQL forbids to lock what a window function has numbered."""
    if not chosen:
        return []
    place = {id: index for index, (_, id) in enumerate(chosen)}
    still = (message.c.fate == Fate.QUEUED.value) & message.c.waiting.is_(False)
    rows = connection.execute(
        whole().where(message.c.id.in_(place), still).with_for_update(of=message, skip_locked=True)
    ).all()
    return sorted(rows, key=lambda row: place[row.id])


def ready(connection: sa.Connection, message_id: UUID) -> None:
    """The wait before another attempt is over."""
    due.cancel(connection, DueKind.RETRY, str(message_id))
    change(connection, message_id, waiting=False)
