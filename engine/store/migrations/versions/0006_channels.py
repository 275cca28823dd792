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
        table.add_column(sa.Column("further", sa.Boolean(), nullable=False, server_default="0"))
        table.drop_index("ix_message_queue")
        table.create_index("ix_message_queue", ["fate", "waiting", "provider", "lane", "account_id", "seq"])
    _journeys()
    _replies()
    _said()
    _media()
    _silence()


def _journeys() -> None:
    """Notifications that have further roads."""
    op.create_table(
        "journey",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("passed", sa.Text(), nullable=False),
        sa.Column("fall_at", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("delete_after", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["notification_id"], ["notification.id"], name=op.f("fk_journey_notification_id")),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_journey")),
    )
    op.create_index(op.f("ix_journey_delete_after"), "journey", ["delete_after"])


def _replies() -> None:
    """What people answer: parts of their texts, the codes that prove a number, and invitations."""
    op.create_table(
        "text_part",
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("reference", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("coding", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("text_id", "number", name=op.f("pk_text_part")),
    )
    op.create_table(
        "verification_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("hidden", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_code")),
    )
    op.create_index(op.f("ix_verification_code_address"), "verification_code", ["address"])
    op.create_table(
        "verified",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "address", name=op.f("pk_verified")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("recurrence_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("account_id", "code", name=op.f("uq_invitation_account_id_code")),
    )


def _said() -> None:
    """What people say themselves of being told, and whose the answer of a phone is."""
    with op.batch_alter_table("consent") as table:
        table.add_column(sa.Column("agreed", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("stopped_at", sa.BigInteger(), nullable=True))
        table.create_index("ix_consent_address", ["address"])
    with op.batch_alter_table("message_content") as table:
        table.create_index(op.f("ix_message_content_address"), ["address"])


def _media() -> None:
    """Files that go with messages."""
    with op.batch_alter_table("message_content") as table:
        table.add_column(sa.Column("title", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("media", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "medium",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("delete_after", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medium")),
    )
    op.create_index(op.f("ix_medium_delete_after"), "medium", ["delete_after"])
    op.create_table(
        "enclosing",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_enclosing")),
    )
    op.create_index(op.f("ix_enclosing_at"), "enclosing", ["at"])


def _silence() -> None:
    """When each provider last reported; those that are in use count as heard now."""
    op.create_table(
        "provider_report",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_report")),
    )
    op.create_index("ix_attempt_provider_started_at", "attempt", ["provider", "started_at"])
    op.execute("INSERT INTO provider_report SELECT provider, max(started_at) FROM attempt GROUP BY provider")
