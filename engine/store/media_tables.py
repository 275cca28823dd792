"""The tables of files that go with messages."""

import sqlalchemy as sa

from engine.store.columns import Moment, Words, metadata

medium = sa.Table(
    "medium",
    metadata,
    # A file of a mail, for as long as a link may lead to it.
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("name", Words, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    # Pages of a fax; empty: nobody has counted them.
    sa.Column("pages", sa.Integer),
    sa.Column("delete_after", Moment, nullable=False, index=True),
)

enclosing = sa.Table(
    "enclosing",
    metadata,
    # A notification whose files are still to be fetched, whole. It is gone once it is routed.
    sa.Column("notification_id", sa.Uuid, primary_key=True),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("body", Words, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("lease", Moment),
)
