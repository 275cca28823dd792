"""Many workers share a store: the pace of each provider is a row, the order of messages a sequence."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Many workers share a store."""
    op.create_table(
        "provider_rate",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_rate")),
    )
    for statement in _SHARED[op.get_bind().dialect.name]:
        op.execute(statement)


#: SQLite has one writer, so the next number is one more than the last; and its triggers say what they mean already.
_SHARED: dict[str, list[str]] = {
    "sqlite": [],
    "postgresql": [
        "CREATE SEQUENCE message_seq",
        "SELECT setval('message_seq', (SELECT coalesce(max(seq), 0) + 1 FROM message), false)",
        # A broken rule of the ledger is a broken constraint, on either database.
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$",
    ],
}
