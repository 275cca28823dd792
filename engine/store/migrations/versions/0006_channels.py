"""Providers that stand in for each other, and how each of them fares."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is known of a provider's health, and who may take a message over."""
    with op.batch_alter_table("provider_rate") as table:
        table.add_column(sa.Column("health", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("message") as table:
        table.add_column(sa.Column("others", sa.Text(), nullable=False, server_default=""))
