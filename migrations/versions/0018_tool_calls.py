"""Calls of tools that change something, which may wait for their visitor's word."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE tool_calls (
    id uuid CONSTRAINT tool_calls_pk PRIMARY KEY,
    site_id bigint NOT NULL CONSTRAINT tool_calls_site_id_fk REFERENCES sites ON DELETE CASCADE,
    conversation_id uuid NOT NULL CONSTRAINT tool_calls_conversation_id_fk REFERENCES conversations ON DELETE CASCADE,
    message_id uuid CONSTRAINT tool_calls_message_id_fk REFERENCES messages ON DELETE SET NULL,
    tool varchar NOT NULL,
    state varchar NOT NULL CONSTRAINT tool_calls_state_check
        CHECK (state IN ('waiting', 'declined', 'running', 'done', 'failed')),
    digest varchar NOT NULL,
    arguments bytea NOT NULL,
    result bytea NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    decided_at timestamptz,
    decided_by uuid CONSTRAINT tool_calls_decided_by_fk REFERENCES messages ON DELETE SET NULL,
    CONSTRAINT tool_calls_message_id_digest_key UNIQUE (message_id, digest)
)
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("CREATE INDEX tool_calls_site_id_index ON tool_calls (site_id)")
    op.execute("CREATE INDEX tool_calls_conversation_id_index ON tool_calls (conversation_id)")
    op.execute("CREATE INDEX tool_calls_decided_by_index ON tool_calls (decided_by)")
    op.execute(
        r"CREATE INDEX tool_calls_clear ON tool_calls (id) "
        r"WHERE substr(arguments, 1, 1) = '\x00'::bytea OR substr(result, 1, 1) = '\x00'::bytea"
    )


def downgrade() -> None:
    op.execute("DROP TABLE tool_calls")
