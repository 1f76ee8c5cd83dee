"""The first tables."""

import pgvector.sqlalchemy
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.create_table(
        "sites",
        sa.Column("id", sa.BIGINT(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("knowledge_version", sa.BIGINT(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="sites_pk"),
        sa.UniqueConstraint("name", name="sites_name_key"),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.BIGINT(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="documents_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="documents_pk"),
        sa.UniqueConstraint("site_id", "source", "path", name="documents_site_id_source_path_key"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("role", sa.String(), server_default="visitor", nullable=False),
        sa.Column("display_name", sa.String(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('visitor', 'staff', 'admin')", name="users_role_check"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="users_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="users_pk"),
        sa.UniqueConstraint("site_id", "identifier", name="users_site_id_identifier_key"),
    )
    op.create_table(
        "chunks",
        sa.Column("id", sa.BIGINT(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("document_id", sa.BIGINT(), nullable=False),
        sa.Column("position", sa.BIGINT(), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english', heading), 'A') || setweight(to_tsvector('english', text), 'B')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="chunks_document_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="chunks_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="chunks_pk"),
        sa.UniqueConstraint("document_id", "position", name="chunks_document_id_position_key"),
    )
    op.create_index("chunks_site_id_index", "chunks", ["site_id"], unique=False)
    op.create_index("chunks_words", "chunks", ["words"], unique=False, postgresql_using="gin")
    op.create_table(
        "conversations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="conversations_site_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="conversations_user_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="conversations_pk"),
    )
    op.create_index("conversations_of_user", "conversations", ["user_id", "updated_at"], unique=False)
    op.create_index("conversations_site_id_index", "conversations", ["site_id"], unique=False)
    op.create_table(
        "embeddings",
        sa.Column("chunk_id", sa.BIGINT(), autoincrement=False, nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("vector", pgvector.sqlalchemy.HALFVEC(), nullable=False),
        sa.ForeignKeyConstraint(["chunk_id"], ["chunks.id"], name="embeddings_chunk_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="embeddings_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chunk_id", "model", name="embeddings_pk"),
    )
    op.create_index("embeddings_site_id_index", "embeddings", ["site_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("reply_to", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default="done", nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("rung", sa.String(), nullable=True),
        sa.Column("notice", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("role IN ('visitor', 'assistant', 'staff')", name="messages_role_check"),
        sa.CheckConstraint("status IN ('open', 'done', 'stopped', 'cut', 'failed')", name="messages_status_check"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="messages_conversation_id_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["reply_to"], ["messages.id"], name="messages_reply_to_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="messages_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="messages_pk"),
    )
    op.create_index("messages_of_conversation", "messages", ["conversation_id", "created_at"], unique=False)
    op.create_index(
        "messages_open", "messages", ["created_at"], unique=False, postgresql_where=sa.text("status = 'open'")
    )
    op.create_index("messages_reply_to_index", "messages", ["reply_to"], unique=False)
    op.create_index("messages_site_id_index", "messages", ["site_id"], unique=False)
    op.create_table(
        "pseudonyms",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="pseudonyms_conversation_id_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="pseudonyms_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation_id", "token", name="pseudonyms_pk"),
    )
    op.create_index("pseudonyms_site_id_index", "pseudonyms", ["site_id"], unique=False)
    op.create_index("pseudonyms_value", "pseudonyms", ["conversation_id", "type", sa.text("md5(value)")], unique=True)
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="attachments_conversation_id_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="attachments_message_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="attachments_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="attachments_pk"),
    )
    op.create_index("attachments_conversation_id_index", "attachments", ["conversation_id"], unique=False)
    op.create_index("attachments_message_id_index", "attachments", ["message_id"], unique=False)
    op.create_index("attachments_site_id_index", "attachments", ["site_id"], unique=False)
    op.create_table(
        "citations",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BIGINT(), autoincrement=False, nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("chunk_id", sa.BIGINT(), nullable=True),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["chunk_id"], ["chunks.id"], name="citations_chunk_id_fk", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="citations_message_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="citations_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", "number", name="citations_pk"),
    )
    op.create_index("citations_chunk_id_index", "citations", ["chunk_id"], unique=False)
    op.create_index("citations_site_id_index", "citations", ["site_id"], unique=False)
    op.create_table(
        "traces",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=True),
        sa.Column("intent_score", sa.Double(), nullable=True),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="traces_conversation_id_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="traces_message_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="traces_site_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="traces_pk"),
    )
    op.create_index("traces_conversation_id_index", "traces", ["conversation_id"], unique=False)
    op.create_index("traces_message_id_index", "traces", ["message_id"], unique=False)
    op.create_index("traces_site_id_index", "traces", ["site_id"], unique=False)
    op.create_table(
        "spans",
        sa.Column("id", sa.BIGINT(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("trace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="spans_site_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["trace_id"], ["traces.id"], name="spans_trace_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="spans_pk"),
    )
    op.create_index("spans_site_id_index", "spans", ["site_id"], unique=False)
    op.create_index("spans_trace_id_index", "spans", ["trace_id"], unique=False)
    op.create_table(
        "usage",
        sa.Column("id", sa.BIGINT(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("trace_id", sa.Uuid(), nullable=True),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("input_tokens", sa.BIGINT(), nullable=False),
        sa.Column("output_tokens", sa.BIGINT(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("cost_usd", sa.Numeric(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="usage_site_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["trace_id"], ["traces.id"], name="usage_trace_id_fk", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="usage_pk"),
    )
    op.create_index("usage_by_day", "usage", ["site_id", "created_at"], unique=False)
    op.create_index("usage_trace_id_index", "usage", ["trace_id"], unique=False)
    op.create_table(
        "scores",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("site_id", sa.BIGINT(), nullable=False),
        sa.Column("trace_id", sa.Uuid(), nullable=True),
        sa.Column("span_id", sa.BIGINT(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source IN ('visitor', 'staff', 'model', 'rule')", name="scores_source_check"),
        sa.CheckConstraint("num_nonnulls(trace_id, span_id, message_id) > 0", name="scores_subject_check"),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name="scores_author_id_fk", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="scores_message_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="scores_site_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["span_id"], ["spans.id"], name="scores_span_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["trace_id"], ["traces.id"], name="scores_trace_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="scores_pk"),
    )
    op.create_index("scores_author_id_index", "scores", ["author_id"], unique=False)
    op.create_index("scores_message_id_index", "scores", ["message_id"], unique=False)
    op.create_index("scores_site_id_index", "scores", ["site_id"], unique=False)
    op.create_index("scores_span_id_index", "scores", ["span_id"], unique=False)
    op.create_index("scores_trace_id_index", "scores", ["trace_id"], unique=False)


def downgrade() -> None:
    for table in (
        "scores",
        "usage",
        "spans",
        "traces",
        "citations",
        "attachments",
        "pseudonyms",
        "messages",
        "embeddings",
        "conversations",
        "chunks",
        "users",
        "documents",
        "sites",
    ):
        op.drop_table(table)
