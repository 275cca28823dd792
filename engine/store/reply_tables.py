"""The tables of what people answer: parts of their texts, the codes that prove a number, and invitations."""

import sqlalchemy as sa

from engine.store.columns import Moment, Words, metadata

text_part = sa.Table(
    "text_part",
    metadata,
    # A part of a long text from a phone, until the whole is handed over and nobody brings the part again. The id is
    # derived from provider, sender, recipient, reference and total.
    sa.Column("text_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("sender", Words, nullable=False),
    sa.Column("recipient", Words, nullable=False),
    sa.Column("reference", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("provider_ref", Words, nullable=False),
    # Bytes: a character may have been cut in two.
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("coding", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    # When it was handed over, alone or with others.
    sa.Column("told_at", Moment),
)

verification_code = sa.Table(
    "verification_code",
    metadata,
    # Also the id of the event whose message carries the code.
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False, index=True),
    # Of the code only what cannot be turned back.
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("hidden", sa.Text, nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("used", sa.Boolean, nullable=False),
)

verified = sa.Table(
    "verified",
    metadata,
    # Who holds this number has shown so; `account_id` is empty when it was asked for nobody's account.
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)

invitation = sa.Table(
    "invitation",
    metadata,
    # One that an account's owner was told of and is asked to answer: an appointment, or one changed instance of a
    # series. The id is derived from account, feed, uid and recurrence_id.
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("code", sa.Integer, nullable=False),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("uid", Words, nullable=False),
    sa.Column("recurrence_id", Words, nullable=False),
    sa.Column("title", Words, nullable=False),
    sa.Column("starts_at", Moment, nullable=False),
    # The code is free for another once this is over.
    sa.Column("ends_at", Moment, nullable=False),
    # What the owner answered last, in which event, and what became of that. Empty: nothing yet.
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("answered_at", Moment),
    sa.Column("event_id", sa.Uuid),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.UniqueConstraint("account_id", "code"),
)
