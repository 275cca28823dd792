"""What a person asked the running engine to do, and what stands wrong."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Commands and incidents."""
    op.create_table(
        "command",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_command")),
    )
    op.create_table(
        "incident",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "what", "subject", name=op.f("pk_incident")),
    )
