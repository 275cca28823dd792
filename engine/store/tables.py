"""The tables, for SQLite and PostgreSQL alike. Migrations build them; a test holds the two together."""

import sqlalchemy as sa

from engine.store.calendar_tables import feed_state as feed_state
from engine.store.calendar_tables import occasion as occasion
from engine.store.calendar_tables import reminder as reminder
from engine.store.calendar_tables import withdrawn_event as withdrawn_event
from engine.store.columns import Moment, Serial, Words
from engine.store.columns import metadata as metadata
from engine.store.media_tables import enclosing as enclosing
from engine.store.media_tables import medium as medium
from engine.store.reply_tables import invitation as invitation
from engine.store.reply_tables import text_part as text_part
from engine.store.reply_tables import verification_code as verification_code
from engine.store.reply_tables import verified as verified

# ---- who pays, who agreed

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("parts_per_month", sa.Integer, nullable=False),
    sa.Column("daily_cap", sa.Integer, nullable=False),
    sa.Column("frozen", sa.Boolean, nullable=False),
    # The month the account is in, as YYYY-MM in its zone. It never goes back: a clock that does, or a
    # change of zone, must not grant one month twice.
    sa.Column("period", sa.Text, nullable=False),
)

consent = sa.Table(
    "consent",
    metadata,
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("given_at", Moment, nullable=False),
    sa.Column("withdrawn_at", Moment),
    # What the contact's file says of it: something new is a fresh consent, also after a stop.
    sa.Column("agreed", sa.Text, nullable=False, server_default=""),
    # The person has written STOP; START clears it.
    sa.Column("stopped_at", Moment),
    sa.Index("ix_consent_address", "address"),
)

configuration = sa.Table(
    "configuration",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

# ---- the ledger

ledger_account = sa.Table(
    "ledger_account",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("balance", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("account_id", "kind", "period", "unit"),
    # The last wall: whatever the code does, no account spends more than it has.
    sa.CheckConstraint("balance >= 0 OR kind IN ('source_grant', 'source_topup')", name="never_below_zero"),
)

transfer = sa.Table(
    "transfer",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("debit", sa.BigInteger, sa.ForeignKey("ledger_account.id"), nullable=False),
    sa.Column("credit", sa.BigInteger, sa.ForeignKey("ledger_account.id"), nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("message_id", sa.Uuid),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.CheckConstraint("units > 0", name="positive"),
    sa.CheckConstraint("debit <> credit", name="two_sides"),
)

# ---- what rules decided, what is to be told

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("decided_at", Moment, nullable=False),
    sa.Column("rules_version", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("delete_after", Moment, nullable=False, index=True),
)

notification = sa.Table(
    "notification",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("event_id", sa.Uuid, nullable=False, index=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("rules_version", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("decided_at", Moment, nullable=False),
    # When the gates were last asked: a held one is asked again.
    sa.Column("admitted_at", Moment, nullable=False),
    # The notification by which it is told with others.
    sa.Column("digest_id", sa.Uuid, index=True),
)

message = sa.Table(
    "message",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("notification_id", sa.Uuid, sa.ForeignKey("notification.id"), nullable=False, index=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    # Who else may take it, in order, with commas between.
    sa.Column("others", sa.Text, nullable=False, server_default=""),
    # Whether its notification has a journey, which must hear what becomes of it.
    sa.Column("further", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("lane", sa.SmallInteger, nullable=False),
    sa.Column("parts", sa.Integer, nullable=False),
    sa.Column("price", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("tariff", sa.Text, nullable=False),
    # What costs nothing is paid from no bucket.
    sa.Column("bucket_id", sa.BigInteger, sa.ForeignKey("ledger_account.id")),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("fate", sa.Text, nullable=False),
    sa.Column("waiting", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("ref_no", sa.Integer, nullable=False),
    sa.Column("on_unknown", sa.Text, nullable=False),
    sa.Column("not_after", Moment),
    sa.Column("at", Moment, nullable=False),
    sa.CheckConstraint("parts > 0 AND units >= 0 AND (units > 0) = (bucket_id IS NOT NULL)", name="paid"),
    sa.Index("ix_message_queue", "fate", "waiting", "provider", "lane", "account_id", "seq"),
)

message_content = sa.Table(
    "message_content",
    metadata,
    # Personal data apart from money: it is deleted after its time, the ledger stays.
    sa.Column("message_id", sa.Uuid, primary_key=True),
    sa.Column("address", Words, nullable=False, index=True),
    sa.Column("text", Words, nullable=False),
    sa.Column("title", Words, nullable=False, server_default=""),
    # The ids of the files that go with it, with blanks between.
    sa.Column("media", sa.Text, nullable=False, server_default=""),
    sa.Column("delete_after", Moment, nullable=False, index=True),
)

attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("message_id", sa.Uuid, sa.ForeignKey("message.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("client_ref", sa.Text, nullable=False, index=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("lease_until", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("provider_ref", Words, nullable=False, index=True),
    sa.Column("detail", Words, nullable=False),
)

provider_rate = sa.Table(
    "provider_rate",
    metadata,
    # Read and changed in the transaction that claims messages, so it holds over all workers.
    sa.Column("provider", sa.Text, primary_key=True),
    # When the provider may be called next; a rate of 10/s moves it by 100 ms for each message.
    sa.Column("next_at", Moment, nullable=False),
    # Which of the twelve turns is next: the lanes keep their shares whoever claims.
    sa.Column("turn", sa.Integer, nullable=False),
    # How it fares (engine/health.py), as JSON; empty: well.
    sa.Column("health", sa.Text, nullable=False, server_default=""),
)

receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("seq", Serial, primary_key=True),
    sa.Column("message_id", sa.Uuid, nullable=False, index=True),
    sa.Column("notification_id", sa.Uuid, nullable=False, index=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("fate", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("detail", Words, nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.ForeignKey("receipt.seq"), primary_key=True, autoincrement=False),
)

# By provider and time: which of them took messages since they reported last.
sa.Index("ix_attempt_provider_started_at", attempt.c.provider, attempt.c.started_at)

provider_report = sa.Table(
    "provider_report",
    metadata,
    # When it last reported anything by itself.
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("heard_at", Moment, nullable=False),
)

parked_report = sa.Table(
    "parked_report",
    metadata,
    # A report that came before the provider's own answer, or for a message we do not know.
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("ref", Words, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

# ---- time, limits, places

due = sa.Table(
    "due",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("lease", Moment),
)

limit_state = sa.Table(
    "limit_state",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("action", sa.Text, primary_key=True),
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("window", sa.Text, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)

told = sa.Table(
    "told",
    metadata,
    # What was told when, for dedupe and throttle. The key is derived: no word of a mail stands in it.
    sa.Column("key", sa.Uuid, primary_key=True),
    sa.Column("notification_id", sa.Uuid, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("delete_after", Moment, nullable=False, index=True),
)

held = sa.Table(
    "held",
    metadata,
    # A notification that waits for its hour, whole: an edited rule sends what was rendered.
    sa.Column("notification_id", sa.Uuid, sa.ForeignKey("notification.id"), primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("wake_at", Moment, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("body", Words, nullable=False),
    sa.Column("delete_after", Moment, nullable=False, index=True),
)

journey = sa.Table(
    "journey",
    metadata,
    # A notification that has further roads, whole, while it is on one of them.
    sa.Column("notification_id", sa.Uuid, sa.ForeignKey("notification.id"), primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    # The channels that it will not take (again), with commas between.
    sa.Column("passed", sa.Text, nullable=False),
    # When the message must have arrived, or been read.
    sa.Column("fall_at", Moment),
    # The channel after it, while that waits for the end of quiet hours; empty: none waits.
    sa.Column("held", sa.Text, nullable=False),
    sa.Column("body", Words, nullable=False),
    sa.Column("delete_after", Moment, nullable=False, index=True),
)

digest = sa.Table(
    "digest",
    metadata,
    # One that stands open. Its id is that of the notification that will tell it.
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("items", sa.Integer, nullable=False),
    # The first notification, whole: the digest goes where it would have gone.
    sa.Column("first", Words, nullable=False),
    sa.Column("delete_after", Moment, nullable=False, index=True),
    sa.UniqueConstraint("account_id", "scope", "rule", "action", "recipient"),
)

digest_item = sa.Table(
    "digest_item",
    metadata,
    # What a digest names. In a storm the rest is only counted: a notification's row points to its digest.
    sa.Column("digest_id", sa.Uuid, sa.ForeignKey("digest.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("title", Words, nullable=False),
)

position = sa.Table(
    "position",
    metadata,
    sa.Column("source", Words, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("moved_at", Moment, nullable=False),
)

dead_letter = sa.Table(
    "dead_letter",
    metadata,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("partition", sa.Integer, primary_key=True),
    sa.Column("offset", sa.BigInteger, primary_key=True),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("error", Words, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

# ---- what a person asked for, what stands wrong

command = sa.Table(
    "command",
    metadata,
    # What the command line may not do itself, since only a running engine publishes.
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("lease", Moment),
)

incident = sa.Table(
    "incident",
    metadata,
    # What stands wrong now: when it began is part of what is told, so it is told once, however often it is seen.
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("what", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("began_at", Moment, nullable=False),
)
