"""The tables of appointments, and of what is reminded of them."""

import sqlalchemy as sa

from engine.store.columns import Moment, Words, metadata

feed_state = sa.Table(
    "feed_state",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("feed", sa.Text, primary_key=True),
    # What place the copy is of, as a derived id: the address itself may be a secret.
    sa.Column("source", sa.Text, nullable=False),
    # Counts up with each change, so that of two workers who read the same feed one begins anew.
    sa.Column("n", sa.Integer, nullable=False),
    # Whether all of it was read once: from then on an appointment that is not known is a new one.
    sa.Column("imported", sa.Boolean, nullable=False),
    # The configuration that its reminders are planned by.
    sa.Column("rules_version", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("copy", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

occasion = sa.Table(
    "occasion",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("uid", Words, primary_key=True),
    sa.Column("recurrence_id", Words, primary_key=True),
    sa.Column("starts_at", Moment, primary_key=True),
    sa.Column("ends_at", Moment, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("body", Words, nullable=False),
    sa.Index("ix_occasion_account_id_starts_at", "account_id", "starts_at"),
)

reminder = sa.Table(
    "reminder",
    metadata,
    # Derived from account, feed, uid, start, rule and label.
    sa.Column("key", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("uid", Words, nullable=False),
    sa.Column("starts_at", Moment, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("event_id", sa.Uuid, index=True),
    sa.Column("lease", Moment),
    sa.Column("change", sa.Text, nullable=False),
    sa.Column("was", Moment),
    # Of a change: what it tells of, because the calendar may no longer have it.
    sa.Column("occasion", Words),
    # Only the next ones are ever looked at, however many there are.
    sa.Index("ix_reminder_state_at", "state", "at"),
    sa.Index("ix_reminder_account_id_feed_uid", "account_id", "feed", "uid"),
)

withdrawn_event = sa.Table(
    "withdrawn_event",
    metadata,
    # What came of these on the way is not told any more.
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
)
