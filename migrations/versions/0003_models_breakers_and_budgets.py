"""Breakers that all processes share, budgets with their alerts, and a ledger of every try of a model."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "breakers",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("failures", sa.BIGINT(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("open_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("probing_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("route", name="breakers_pk"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("period_start", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("share", sa.Numeric(), nullable=False),
        sa.Column("budget_usd", sa.Numeric(), nullable=False),
        sa.Column("cost_usd", sa.Numeric(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("delivered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="alerts_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="alerts_pk"),
        sa.UniqueConstraint(
            "site_id", "period", "period_start", "share", name="alerts_site_id_period_period_start_share_key"
        ),
    )
    op.create_table(
        "spend",
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("period_start", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("cost_usd", sa.Numeric(), nullable=False),
        sa.Column("tokens", sa.BIGINT(), nullable=False),
        sa.CheckConstraint("period IN ('day', 'month')", name="spend_period_check"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="spend_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site_id", "period", "period_start", name="spend_pk"),
    )
    op.add_column("usage", sa.Column("route", sa.String(), server_default="", nullable=False))
    op.alter_column("usage", "route", server_default=None)
    op.add_column("usage", sa.Column("outcome", sa.String(), server_default="answer", nullable=False))
    op.alter_column("usage", "outcome", server_default=None)


def downgrade() -> None:
    op.drop_column("usage", "outcome")
    op.drop_column("usage", "route")
    op.drop_table("spend")
    op.drop_table("alerts")
    op.drop_table("breakers")
