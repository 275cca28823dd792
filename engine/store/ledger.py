"""The ledger: double entry, append-only. Credit moves between buckets by transfers that are never changed.

    source_grant ──grant──► allowance(month) ──reserve──► held ──settle──► spent
    source_topup ──topup──► prepaid ──────────reserve──► held ──release──► back to the bucket it came from
                            allowance(past month) ──expire──► expired

Units are parts (``part``) or minor units of a currency; a bucket never mixes them. Every transfer has a key that
can be used once, so repeating an operation changes nothing; settle and release share a key, so only one can win.
The balances are kept beside the transfers and proven against them by `differences`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.admission.standing import Bucket
from engine.money import Money
from engine.store.accounts import period_of
from engine.store.database import insert_new, lock_accounts
from engine.store.tables import account, ledger_account, transfer

PART = "part"
GRANT_SOURCE = "source_grant"
TOPUP_SOURCE = "source_topup"
HELD = "held"
SPENT = "spent"
EXPIRED = "expired"
#: A bucket that does not lapse has no month.
FOREVER = ""

#: An account's buckets: (kind, period, unit) -> (id, balance).
Buckets = dict[tuple[str, str, str], tuple[int, int]]


@dataclass(frozen=True)
class Purse:
    """What an account can spend in its present month. Amounts in parts and in minor units of `currency`."""

    account: str
    period: str
    allowance_id: int
    allowance: int
    balance_id: int
    balance: int
    currency: str

    def bucket_id(self, bucket: Bucket) -> int:
        """The ledger account behind a bucket."""
        return self.allowance_id if bucket is Bucket.ALLOWANCE else self.balance_id


# ---- opening the month


def open_purses(
    connection: sa.Connection, accounts: Collection[str], currency: str, now: datetime
) -> dict[str, Purse]:
    """Lock the accounts' rows and buckets and bring them into the present month; returns what each can spend.

    The month's allowance is granted here, by the first who asks, so that no midnight job must run for the credit
    to be right; what is left of an earlier month expires in the same transaction.
    """
    names = lock_accounts(connection, accounts)
    rows = connection.execute(sa.select(account).where(account.c.id.in_(names)).order_by(account.c.id)).all()
    buckets = _buckets(connection, names)
    return {row.id: _open_purse(connection, row, buckets[row.id], currency, now) for row in rows}


def _open_purse(connection: sa.Connection, row: sa.Row[Any], buckets: Buckets, currency: str, now: datetime) -> Purse:
    period = max(period_of(now, row.zone), row.period)
    if period != row.period:
        connection.execute(sa.update(account).where(account.c.id == row.id).values(period=period))
        _expire(connection, row.id, period, now)
        buckets = _buckets(connection, [row.id])[row.id]
    granted = -buckets.get((GRANT_SOURCE, period, PART), (0, 0))[1]
    if row.parts_per_month > granted:
        # Also when the plan was raised in mid-month: the difference is posted at once.
        post(
            connection,
            f"grant:{row.id}:{period}:{row.parts_per_month}",
            "grant",
            _bucket(connection, row.id, GRANT_SOURCE, period, PART),
            _bucket(connection, row.id, Bucket.ALLOWANCE, period, PART),
            row.parts_per_month - granted,
            now,
        )
        buckets = _buckets(connection, [row.id])[row.id]
    allowance = buckets.get((Bucket.ALLOWANCE.value, period, PART))
    balance = buckets.get((Bucket.BALANCE.value, FOREVER, currency))
    return Purse(
        account=row.id,
        period=period,
        allowance_id=allowance[0] if allowance else 0,
        allowance=allowance[1] if allowance else 0,
        balance_id=balance[0] if balance else 0,
        balance=balance[1] if balance else 0,
        currency=currency,
    )


def _expire(connection: sa.Connection, account_id: str, period: str, now: datetime) -> None:
    old = connection.execute(
        sa.select(ledger_account.c.id, ledger_account.c.period, ledger_account.c.balance).where(
            ledger_account.c.account_id == account_id,
            ledger_account.c.kind == Bucket.ALLOWANCE.value,
            ledger_account.c.period < period,
            ledger_account.c.balance > 0,
        )
    ).all()
    for row in old:
        expired = _bucket(connection, account_id, EXPIRED, row.period, PART)
        post(connection, f"expire:{account_id}:{row.period}:{period}", "expire", row.id, expired, row.balance, now)


# ---- moving credit


def topup(connection: sa.Connection, account_id: str, amount: Money, key: str, now: datetime, actor: str) -> bool:
    """Add bought credit. `key` is the payment's own id: the same payment posted twice counts once.

    Returns whether it was new. Raises LookupError when there is no such account.
    """
    if not lock_accounts(connection, [account_id]):
        raise LookupError(account_id)
    source = _bucket(connection, account_id, TOPUP_SOURCE, FOREVER, amount.currency)
    prepaid = _bucket(connection, account_id, Bucket.BALANCE, FOREVER, amount.currency)
    return post(connection, f"topup:{account_id}:{key}", "topup", source, prepaid, amount.minor, now, actor=actor)


def reserve(connection: sa.Connection, message_id: UUID, bucket_id: int, units: int, now: datetime) -> None:
    """Set `units` of a bucket aside for a message. The bucket's CHECK refuses what is not there."""
    held = _beside(connection, bucket_id, HELD)
    post(connection, f"reserve:{message_id}", "reserve", bucket_id, held, units, now, message_id=message_id)


def reserve_all(connection: sa.Connection, wanted: Sequence[tuple[UUID, int, int]], now: datetime) -> None:
    """`reserve` for many messages: (message, bucket, units). None of them may have been reserved before."""
    held = _all_beside(connection, {bucket for _, bucket, _ in wanted}, HELD)
    changes: Counter[int] = Counter()
    rows = []
    for message_id, bucket, units in wanted:
        changes[bucket] -= units
        changes[held[bucket]] += units
        row = {"key": f"reserve:{message_id}", "debit": bucket, "credit": held[bucket], "units": units}
        rows.append(row | {"message_id": message_id})
    same = {"kind": "reserve", "at": now, "actor": "tocsin", "note": ""}
    connection.execute(sa.insert(transfer).values(**same), rows)
    _move(connection, changes)


def settle(connection: sa.Connection, message_id: UUID, bucket_id: int, units: int, now: datetime) -> bool:
    """What was reserved is spent: the message left our system. False when it had ended before."""
    held, spent = _beside(connection, bucket_id, HELD), _beside(connection, bucket_id, SPENT)
    return post(connection, f"end:{message_id}", "settle", held, spent, units, now, message_id=message_id)


def release(connection: sa.Connection, message_id: UUID, bucket_id: int, units: int, now: datetime) -> bool:
    """What was reserved goes back to the bucket it came from. False when it had ended before.

    A part of a month that is over lapses like every unused part; bought credit never does.
    """
    held = _beside(connection, bucket_id, HELD)
    if not post(connection, f"end:{message_id}", "release", held, bucket_id, units, now, message_id=message_id):
        return False
    bucket = connection.execute(sa.select(ledger_account).where(ledger_account.c.id == bucket_id)).one()
    present = connection.execute(sa.select(account.c.period).where(account.c.id == bucket.account_id)).scalar_one()
    if bucket.kind == Bucket.ALLOWANCE.value and bucket.period < present:
        expired = _bucket(connection, bucket.account_id, EXPIRED, bucket.period, PART)
        post(connection, f"lapse:{message_id}", "expire", bucket_id, expired, units, now, message_id=message_id)
    return True


def post(
    connection: sa.Connection,
    key: str,
    kind: str,
    debit: int,
    credit: int,
    units: int,
    now: datetime,
    *,
    message_id: UUID | None = None,
    actor: str = "tocsin",
    note: str = "",
) -> bool:
    """One transfer of `units` from `debit` to `credit`. False, and nothing moved, when `key` was used before."""
    row = {
        "key": key,
        "kind": kind,
        "debit": debit,
        "credit": credit,
        "units": units,
        "message_id": message_id,
        "at": now,
        "actor": actor,
        "note": note,
    }
    if not insert_new(connection, transfer, [row]):
        return False
    _move(connection, {debit: -units, credit: units})
    return True


def _move(connection: sa.Connection, changes: Mapping[int, int]) -> None:
    """Change balances, each bucket once and in the order in which everybody locks them."""
    connection.execute(
        sa.update(ledger_account)
        .where(ledger_account.c.id == sa.bindparam("bucket"))
        .values(balance=ledger_account.c.balance + sa.bindparam("change")),
        [{"bucket": bucket, "change": change} for bucket, change in sorted(changes.items())],
    )


# ---- finding buckets


def _buckets(connection: sa.Connection, names: Collection[str]) -> dict[str, Buckets]:
    rows = connection.execute(
        sa.select(ledger_account)
        .where(ledger_account.c.account_id.in_(names))
        .order_by(ledger_account.c.id)
        .with_for_update()
    )
    found: dict[str, Buckets] = {name: {} for name in names}
    for row in rows:
        found[row.account_id][row.kind, row.period, row.unit] = (row.id, row.balance)
    return found


def _bucket(connection: sa.Connection, account_id: str, kind: str, period: str, unit: str) -> int:
    """The id of a bucket, made when it is first needed."""
    where = (
        (ledger_account.c.account_id == account_id)
        & (ledger_account.c.kind == str(kind))
        & (ledger_account.c.period == period)
        & (ledger_account.c.unit == unit)
    )
    found = connection.execute(sa.select(ledger_account.c.id).where(where)).scalar_one_or_none()
    if found is not None:
        return int(found)
    row = {"account_id": account_id, "kind": str(kind), "period": period, "unit": unit, "balance": 0}
    insert_new(connection, ledger_account, [row])
    return int(connection.execute(sa.select(ledger_account.c.id).where(where)).scalar_one())


def _beside(connection: sa.Connection, bucket_id: int, kind: str) -> int:
    """The held or spent account of the same owner, month and unit."""
    return _all_beside(connection, [bucket_id], kind)[bucket_id]


def _all_beside(connection: sa.Connection, bucket_ids: Collection[int], kind: str) -> dict[int, int]:
    # Spent by bucket is what the quota page shows (S34), so money and parts, months and forever stay apart.
    side = ledger_account.alias()
    same = [side.c[name] == ledger_account.c[name] for name in ("account_id", "period", "unit")]
    pairs = (
        sa.select(ledger_account, side.c.id.label("side_id"))
        .join(side, sa.and_(*same, side.c.kind == kind), isouter=True)
        .where(ledger_account.c.id.in_(sorted(bucket_ids)))
        .order_by(ledger_account.c.id)
    )
    rows = connection.execute(pairs).all()
    missing = [
        {"account_id": row.account_id, "kind": kind, "period": row.period, "unit": row.unit, "balance": 0}
        for row in rows
        if row.side_id is None
    ]
    if missing:
        insert_new(connection, ledger_account, missing)
        rows = connection.execute(pairs).all()
    return {row.id: row.side_id for row in rows}


# ---- proving


def differences(connection: sa.Connection) -> list[str]:
    """Every way in which balances and transfers disagree; the goal is an empty list."""
    moved: dict[int, int] = {}
    sums = sa.select(transfer.c.debit, transfer.c.credit, sa.func.sum(transfer.c.units)).group_by(
        transfer.c.debit, transfer.c.credit
    )
    for debit, credit, units in connection.execute(sums):
        moved[debit] = moved.get(debit, 0) - int(units)
        moved[credit] = moved.get(credit, 0) + int(units)
    found = []
    total: dict[str, int] = {}
    for row in connection.execute(sa.select(ledger_account)):
        total[row.unit] = total.get(row.unit, 0) + row.balance
        if row.balance != moved.get(row.id, 0):
            found.append(
                f"{row.account_id} {row.kind} {row.period}: balance {row.balance}, transfers {moved.get(row.id, 0)}"
            )
        if row.balance < 0 and row.kind not in (GRANT_SOURCE, TOPUP_SOURCE):
            found.append(f"{row.account_id} {row.kind} {row.period}: below zero ({row.balance})")
    found += [f"all balances in {unit} sum to {rest}, not 0" for unit, rest in total.items() if rest]
    return found


@dataclass(frozen=True)
class Credit:
    """What the quota page shows of one bucket of one account (S34), in its unit."""

    bucket: Bucket
    period: str
    unit: str
    available: int
    held: int
    spent: int


def credits(connection: sa.Connection, account_id: str) -> list[Credit]:
    """Available, held and spent for each bucket the account has had; the present month's first."""
    rows: Iterable[sa.Row[tuple[object, ...]]] = connection.execute(
        sa.select(ledger_account).where(ledger_account.c.account_id == account_id)
    )
    by: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        by.setdefault((row.period, row.unit), {})[row.kind] = row.balance
    found = []
    for (period, unit), kinds in sorted(by.items(), reverse=True):
        bucket = Bucket.ALLOWANCE if unit == PART else Bucket.BALANCE
        found.append(
            Credit(
                bucket=bucket,
                period=period,
                unit=unit,
                available=kinds.get(bucket.value, 0),
                held=kinds.get(HELD, 0),
                spent=kinds.get(SPENT, 0),
            )
        )
    return found
