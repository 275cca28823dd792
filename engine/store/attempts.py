"""What became of an attempt: settle, release, try again, or resolve the unknown by the provider's class."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.answer import Answer, Outcome, ProviderClass
from engine.failpoints import failpoint
from engine.health import OF_OURS
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import due, pace
from engine.store.attempt_state import AttemptState
from engine.store.detour import find_stand_in, hand_on, others_of
from engine.store.due import DueKind
from engine.store.messages import Row, change, end, handed, hold, is_open, lock, note, reference, under, whole
from engine.store.reports import apply_parked, one_at_a_time
from engine.store.send_queue import Claim, Terms
from engine.store.tables import attempt, message

#: Definite refusals to take a message that we bear before giving up.
MOST_ATTEMPTS = 8
#: No's that hold for one provider only: our account there, its filters, the characters that it carries.
OF_ONE_PROVIDER = frozenset({Reason.PROVIDER_AUTH, Reason.PROVIDER_NO_CREDIT, Reason.PROVIDER_REFUSED, Reason.UNFIT})
#: How long a provider may need until it can find by our reference what it took.
SETTLING = timedelta(seconds=2)


def answer(
    connection: sa.Connection, claimed: Claim, said: Answer, terms: Terms, now: datetime, backoff: timedelta
) -> None:
    """Apply a provider's answer to an attempt: settle, release, try again after `backoff`, or resolve by class."""
    row = lock(connection, claimed.message.id)
    one_at_a_time(connection, row.provider, said.provider_ref)
    state = AttemptState(said.outcome.value)
    connection.execute(
        sa.update(attempt)
        .where(attempt.c.message_id == row.id, attempt.c.n == claimed.attempt)
        .values(
            state=state.value,
            reason=said.reason.value,
            ended_at=now,
            provider_ref=said.provider_ref,
            detail=said.detail,
        )
    )
    pace.learn(connection, claimed.message.provider, said, terms.rate, claimed.not_before, now)
    if row.fate not in (Fate.SENDING.value, Fate.UNCERTAIN.value, Fate.QUEUED.value):
        return  # a report was quicker than the answer
    # A lease that lapsed during the call may have put the message back in the queue, or even into a second
    # attempt: an acceptance still settles it, anything less leaves it to that attempt.
    if said.outcome is not Outcome.ACCEPTED and (row.attempts != claimed.attempt or row.fate != Fate.SENDING.value):
        return
    due.cancel(connection, DueKind.LEASE, str(row.id))
    wait = max(backoff, said.retry_after or backoff)
    if said.outcome is Outcome.ACCEPTED:
        end(connection, row, Fate.SENT, said.reason, now, said.detail)
        apply_parked(connection, row, said.provider_ref, now)
    elif is_open(connection, row) and (said.outcome is Outcome.NOT_TAKEN or said.reason in OF_ONE_PROVIDER):
        # This call did nothing; what an earlier one under the same reference did is still not known.
        _resolve(connection, row, said.reason, terms, now, wait)
    elif said.outcome is Outcome.REFUSED:
        if said.reason not in OF_ONE_PROVIDER or not _elsewhere(connection, row, said.reason, now, said.detail):
            end(connection, row, Fate.FAILED, said.reason, now, said.detail)
    elif said.outcome is Outcome.NOT_TAKEN:
        stays = said.reason is Reason.PROVIDER_BUSY or said.reason in OF_OURS
        if stays or not _elsewhere(connection, row, said.reason, now, said.detail):
            _again(connection, row, said.reason, now, wait, said.detail)
    else:
        _resolve(connection, row, said.reason, terms, now, backoff)
    failpoint("settle_open")


def lapse(connection: sa.Connection, message_id: UUID, terms: Mapping[str, Terms], now: datetime) -> None:
    """The lease of an attempt is over and nobody brought an answer: what it did is unknown."""
    for kind in (DueKind.LEASE, DueKind.ASK):
        due.cancel(connection, kind, str(message_id))
    row = lock(connection, message_id)
    if row.fate != Fate.SENDING.value:
        return
    connection.execute(
        sa.update(attempt)
        .where(attempt.c.message_id == row.id, attempt.c.n == row.attempts)
        .values(state=AttemptState.UNKNOWN.value, reason=Reason.INTERRUPTED.value, ended_at=now)
    )
    known = terms.get(row.provider)
    if known is None:
        hold(connection, row, Reason.PROVIDER_UNKNOWN, now)
    else:
        _resolve(connection, row, Reason.INTERRUPTED, known, now, timedelta(0))


def _resolve(
    connection: sa.Connection,
    row: Row,
    reason: Reason,
    terms: Terms,
    now: datetime,
    backoff: timedelta,
) -> None:
    """UNKNOWN: the provider may have taken it. What its class allows is done, and nothing that could send twice."""
    kind = terms.provider_class
    if kind is ProviderClass.IDEMPOTENT and now + backoff - _first_tried(connection, row) >= terms.key_life:
        kind = ProviderClass.OPAQUE  # the provider has forgotten the reference by then
    if kind is ProviderClass.IDEMPOTENT:
        _requeue(connection, row, reason, now, backoff, same_ref=True)
    elif kind is ProviderClass.QUERYABLE:
        due.schedule(connection, DueKind.ASK, str(row.id), now + max(backoff, SETTLING))
    elif row.on_unknown == "resend":
        if not _elsewhere(connection, row, reason, now, "it may come twice"):
            _again(connection, row, reason, now, backoff, "it may come twice")
    else:
        hold(connection, row, Reason.HELD_UNCERTAIN, now)


def _first_tried(connection: sa.Connection, row: Row) -> datetime:
    """When the reference in use was first handed to the provider."""
    found: datetime = connection.execute(
        sa.select(sa.func.min(attempt.c.started_at, type_=attempt.c.started_at.type)).where(under(row))
    ).scalar_one()
    return found


def _elsewhere(connection: sa.Connection, row: Row, reason: Reason, now: datetime, detail: str) -> bool:
    """Hand it at once to the first provider that may take over and was not tried yet; False when there is none."""
    tried = connection.execute(sa.select(attempt.c.provider).where(attempt.c.message_id == row.id)).scalars().all()
    stand_in = find_stand_in(row, set(others_of(row)).difference(tried))
    late = row.not_after is not None and now > row.not_after
    if stand_in is None or late or row.attempts >= MOST_ATTEMPTS:
        return False
    change(connection, row.id, fate=Fate.QUEUED.value)
    hand_on(connection, row, stand_in)
    note(connection, row, Fate.QUEUED, reason, now, f"{row.provider} → {stand_in}{': ' if detail else ''}{detail}")
    return True


def _again(
    connection: sa.Connection,
    row: Row,
    reason: Reason,
    now: datetime,
    backoff: timedelta,
    detail: str,
) -> None:
    """It was certainly not taken (or its owner prefers twice to never): try again under a new reference."""
    if row.attempts >= MOST_ATTEMPTS:
        end(connection, row, Fate.FAILED, Reason.GAVE_UP, now, detail)
    elif row.not_after is not None and now + backoff > row.not_after:
        end(connection, row, Fate.EXPIRED, Reason.EXPIRED, now, detail)
    else:
        _requeue(connection, row, reason, now, backoff, same_ref=False, detail=detail)


def _requeue(
    connection: sa.Connection,
    row: Row,
    reason: Reason,
    now: datetime,
    backoff: timedelta,
    *,
    same_ref: bool,
    detail: str = "",
) -> None:
    ref_no = row.ref_no if same_ref else row.ref_no + 1
    change(connection, row.id, fate=Fate.QUEUED.value, waiting=True, ref_no=ref_no)
    note(connection, row, Fate.QUEUED, reason, now, detail)
    due.schedule(connection, DueKind.RETRY, str(row.id), now + backoff)


# ---- asking a provider that can be asked


def to_ask(connection: sa.Connection, message_id: UUID) -> Claim | None:
    """The attempt whose provider is to be asked now, or None when that is settled."""
    row = connection.execute(whole().where(message.c.id == message_id)).first()
    if row is None or row.fate != Fate.SENDING.value:
        return None
    return Claim(handed(row), row.attempts, reference(row), row.at)


def asked(
    connection: sa.Connection,
    message_id: UUID,
    said: Answer,
    now: datetime,
    backoff: timedelta,
    memory: timedelta = timedelta(0),
) -> None:
    """Apply what the provider said when asked. `memory`: how long it can find a reference (zero: for ever);
    past that a message that it does not find is uncertain, not untaken."""
    due.cancel(connection, DueKind.ASK, str(message_id))
    row = lock(connection, message_id)
    if row.fate != Fate.SENDING.value:
        return
    if said.outcome is Outcome.ACCEPTED:
        one_at_a_time(connection, row.provider, said.provider_ref)
        here = (attempt.c.message_id == row.id) & (attempt.c.n == row.attempts)
        connection.execute(sa.update(attempt).where(here).values(provider_ref=said.provider_ref))
        end(connection, row, Fate.SENT, Reason.ASKED, now, said.detail)
        apply_parked(connection, row, said.provider_ref, now)
    elif said.outcome is Outcome.NOT_TAKEN and memory and now - _first_tried(connection, row) >= memory:
        hold(connection, row, Reason.HELD_UNCERTAIN, now)
    elif said.outcome is Outcome.NOT_TAKEN:
        _again(connection, row, Reason.NOT_TAKEN, now, timedelta(0), said.detail)
    elif row.on_unknown == "resend" and _elsewhere(connection, row, said.reason, now, "it may come twice"):
        pass
    else:
        due.schedule(connection, DueKind.ASK, str(message_id), now + max(backoff, SETTLING))


def close_window(connection: sa.Connection, message_id: UUID, now: datetime) -> None:
    """No receipt came in time for an uncertain message: it is given up and its credit given back."""
    due.cancel(connection, DueKind.WINDOW, str(message_id))
    row = lock(connection, message_id)
    if row.fate == Fate.UNCERTAIN.value:
        end(connection, row, Fate.FAILED, Reason.NO_ANSWER, now)
