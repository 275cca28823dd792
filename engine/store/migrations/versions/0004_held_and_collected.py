"""Notifications that wait, notifications that are told together, and messages that cost nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PAID = "parts > 0 AND units >= 0 AND (units > 0) = (bucket_id IS NOT NULL)"


def upgrade() -> None:
    """Held and collected notifications; free messages."""
    with op.batch_alter_table("notification") as notification:
        notification.add_column(sa.Column("digest_id", sa.Uuid(), nullable=True))
        notification.create_index(op.f("ix_notification_digest_id"), ["digest_id"])
    _let_messages_be_free()
    op.create_table(
        "told",
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("delete_after", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "notification_id", name=op.f("pk_told")),
    )
    op.create_index(op.f("ix_told_delete_after"), "told", ["delete_after"])
    op.create_table(
        "held",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("delete_after", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["notification_id"], ["notification.id"], name=op.f("fk_held_notification_id")),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_held")),
    )
    op.create_index(op.f("ix_held_delete_after"), "held", ["delete_after"])
    op.create_table(
        "digest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("delete_after", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
        sa.UniqueConstraint(
            "account_id",
            "scope",
            "rule",
            "action",
            "recipient",
            name=op.f("uq_digest_account_id_scope_rule_action_recipient"),
        ),
    )
    op.create_index(op.f("ix_digest_delete_after"), "digest", ["delete_after"])
    op.create_table(
        "digest_item",
        sa.Column("digest_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["digest_id"], ["digest.id"], name=op.f("fk_digest_item_digest_id")),
        sa.PrimaryKeyConstraint("digest_id", "n", name=op.f("pk_digest_item")),
    )


def _let_messages_be_free() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("message", "bucket_id", nullable=True)
        op.drop_constraint(op.f("ck_message_positive"), "message", type_="check")
        op.create_check_constraint(op.f("ck_message_paid"), "message", _PAID)
        return
    # SQLite writes the table anew. Dropping the old one would offend the attempts that point to it, and foreign keys
    # cannot be switched off inside a transaction: so the attempts stand aside meanwhile.
    op.execute("CREATE TABLE attempt_aside AS SELECT * FROM attempt")
    op.execute("DELETE FROM attempt")
    with op.batch_alter_table("message", recreate="always") as message:
        message.alter_column("bucket_id", existing_type=sa.BigInteger(), nullable=True)
        message.drop_constraint(op.f("ck_message_positive"), type_="check")
        message.create_check_constraint(op.f("ck_message_paid"), sa.text(_PAID))
    op.execute("INSERT INTO attempt SELECT * FROM attempt_aside")
    op.execute("DROP TABLE attempt_aside")
