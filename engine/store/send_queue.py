"""The send queue is a table: three lanes, fair between accounts, and every attempt durable before the call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.answer import ProviderClass
from engine.failpoints import failpoint
from engine.message import Message
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import due
from engine.store.attempt_state import AttemptState
from engine.store.due import DueKind
from engine.store.messages import Row, change, end, handed, whole
from engine.store.tables import attempt, message

#: Which lane is served in each of twelve turns: 8 to lane 1, 3 to lane 2, 1 to lane 3 (S16). A lane that is empty
#: leaves its turn to the others, so none waits for nothing and none starves.
TURNS = (1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 2, 3)


@dataclass(frozen=True)
class Claim:
    """A message that this worker may hand to its provider now, under `client_ref`, until the lease lapses."""

    message: Message
    attempt: int
    client_ref: str


@dataclass(frozen=True)
class Terms:
    """What the queue must know of a provider."""

    provider_class: ProviderClass
    timeout: timedelta
    key_life: timedelta


def claim(connection: sa.Connection, terms: Mapping[str, Terms], room: int, turn: int, now: datetime) -> list[Claim]:
    """Take up to `room` messages and write an attempt for each, in the caller's transaction.

    Only after that transaction is durable may a provider be called: what died before was never sent, what dies
    after is found as an attempt in flight. `turn` is how many this worker has claimed before: it keeps the lanes'
    shares also when room is for one at a time.
    """
    claims = []
    for row in _choose(connection, room, turn):
        if row.not_after is not None and row.not_after < now:
            end(connection, row, Fate.EXPIRED, Reason.EXPIRED, now)
            continue
        provider = terms.get(row.provider)
        if provider is None:
            end(connection, row, Fate.FAILED, Reason.PROVIDER_UNKNOWN, now)
            continue
        client_ref = f"{row.id.hex}-{row.ref_no}"
        lease_until = now + provider.timeout * 1.5 + timedelta(seconds=1)
        n = row.attempts + 1
        connection.execute(
            sa.insert(attempt).values(
                message_id=row.id,
                n=n,
                client_ref=client_ref,
                provider=row.provider,
                state=AttemptState.IN_FLIGHT.value,
                reason="",
                started_at=now,
                lease_until=lease_until,
                provider_ref="",
                detail="",
            )
        )
        change(connection, row.id, fate=Fate.SENDING.value, attempts=n)
        due.schedule(connection, DueKind.LEASE, str(row.id), lease_until)
        claims.append(Claim(handed(row), n, client_ref))
    failpoint("attempt_open")
    return claims


def _choose(connection: sa.Connection, room: int, turn: int) -> list[Row]:
    """The next `room` messages: lanes by their shares, accounts in turn inside a lane."""
    place_in_account = (
        sa.func.row_number().over(partition_by=message.c.account_id, order_by=message.c.seq).label("place")
    )
    waiting: dict[int, list[UUID]] = {}
    for lane in sorted(set(TURNS)):
        queue = (
            sa.select(message.c.id, message.c.seq, place_in_account)
            .where(message.c.fate == Fate.QUEUED.value, message.c.waiting.is_(False), message.c.lane == lane)
            .subquery()
        )
        found = connection.execute(sa.select(queue.c.id).order_by(queue.c.place, queue.c.seq).limit(room))
        waiting[lane] = list(found.scalars())
    chosen: list[UUID] = []
    while len(chosen) < room and any(waiting.values()):
        lane = TURNS[(turn + len(chosen)) % len(TURNS)]
        chosen.append(next(waiting[each] for each in (lane, *waiting) if waiting[each]).pop(0))
    if not chosen:
        return []
    rows = connection.execute(
        whole()
        .where(message.c.id.in_(chosen), message.c.fate == Fate.QUEUED.value)
        .with_for_update(of=message, skip_locked=True)
    ).all()
    place = {each: index for index, each in enumerate(chosen)}
    return sorted(rows, key=lambda row: place[row.id])


def ready(connection: sa.Connection, message_id: UUID) -> None:
    """The wait before another attempt is over."""
    due.cancel(connection, DueKind.RETRY, str(message_id))
    change(connection, message_id, waiting=False)
