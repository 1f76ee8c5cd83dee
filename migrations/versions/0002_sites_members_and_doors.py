"""Sites get a configuration, staff get accounts, programs get tokens, answers can be followed across replicas."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BIGINT(), nullable=True),
        sa.Column("failures", sa.BIGINT(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('staff', 'admin')", name="members_role_check"),
        sa.PrimaryKeyConstraint("id", name="members_pk"),
        sa.UniqueConstraint("email", name="members_email_key"),
    )
    op.create_table(
        "openid_flows",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("next_path", sa.String(), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="openid_flows_pk"),
    )
    op.create_index("openid_flows_expires_at_index", "openid_flows", ["expires_at"], unique=False)
    op.create_table(
        "rates",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("window_start", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("count", sa.BIGINT(), nullable=False),
        sa.Column("ends_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "window_start", name="rates_pk"),
    )
    op.create_index("rates_ends_at_index", "rates", ["ends_at"], unique=False)
    op.create_table(
        "member_identities",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="member_identities_member_id_fk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name="member_identities_pk"),
    )
    op.create_index("member_identities_member_id_index", "member_identities", ["member_id"], unique=False)
    op.create_table(
        "member_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("purpose IN ('first_admin', 'invite', 'password')", name="member_links_purpose_check"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="member_links_member_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name="member_links_pk"),
    )
    op.create_index("member_links_member_id_index", "member_links", ["member_id"], unique=False)
    op.create_table(
        "member_sessions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("second_factor", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("method IN ('password', 'openid', 'link')", name="member_sessions_method_check"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="member_sessions_member_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="member_sessions_pk"),
        sa.UniqueConstraint("token_hash", name="member_sessions_token_hash_key"),
    )
    op.create_index("member_sessions_member_id_index", "member_sessions", ["member_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="memberships_member_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="memberships_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("member_id", "site_id", name="memberships_pk"),
    )
    op.create_index("memberships_site_id_index", "memberships", ["site_id"], unique=False)
    op.create_table(
        "service_tokens",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("per_minute", sa.BIGINT(), nullable=False),
        sa.Column("per_day", sa.BIGINT(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="service_tokens_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="service_tokens_pk"),
        sa.UniqueConstraint("token_hash", name="service_tokens_token_hash_key"),
    )
    op.create_index("service_tokens_site_id_index", "service_tokens", ["site_id"], unique=False)
    op.create_table(
        "handovers",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="handovers_conversation_id_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="handovers_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="handovers_pk"),
    )
    op.create_index("handovers_conversation_id_index", "handovers", ["conversation_id"], unique=False)
    op.create_index("handovers_site_id_index", "handovers", ["site_id"], unique=False)
    op.add_column("conversations", sa.Column("door", sa.String(), server_default="page", nullable=False))
    op.add_column("messages", sa.Column("attempt", sa.BIGINT(), server_default="1", nullable=False))
    op.add_column("messages", sa.Column("withdrawn", sa.BIGINT(), server_default="0", nullable=False))
    op.add_column(
        "sites",
        sa.Column(
            "config", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    op.add_column("sites", sa.Column("version", sa.BIGINT(), server_default=sa.text("0"), nullable=False))
    op.drop_column("users", "role")


def downgrade() -> None:
    op.add_column("users", sa.Column("role", sa.String(), server_default="visitor", nullable=False))
    op.create_check_constraint("users_role_check", "users", "role IN ('visitor', 'staff', 'admin')")
    op.drop_column("sites", "version")
    op.drop_column("sites", "config")
    op.drop_column("messages", "withdrawn")
    op.drop_column("messages", "attempt")
    op.drop_column("conversations", "door")
    op.drop_index("handovers_site_id_index", table_name="handovers")
    op.drop_index("handovers_conversation_id_index", table_name="handovers")
    op.drop_table("handovers")
    op.drop_index("service_tokens_site_id_index", table_name="service_tokens")
    op.drop_table("service_tokens")
    op.drop_index("memberships_site_id_index", table_name="memberships")
    op.drop_table("memberships")
    op.drop_index("member_sessions_member_id_index", table_name="member_sessions")
    op.drop_table("member_sessions")
    op.drop_index("member_links_member_id_index", table_name="member_links")
    op.drop_table("member_links")
    op.drop_index("member_identities_member_id_index", table_name="member_identities")
    op.drop_table("member_identities")
    op.drop_index("rates_ends_at_index", table_name="rates")
    op.drop_table("rates")
    op.drop_index("openid_flows_expires_at_index", table_name="openid_flows")
    op.drop_table("openid_flows")
    op.drop_table("members")
