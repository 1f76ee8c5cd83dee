"""How documents came from the web, and how the last run of each source of web pages went."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE documents ADD COLUMN fetched jsonb")
    op.execute("""
        CREATE TABLE crawls (
            site_id bigint NOT NULL CONSTRAINT crawls_site_id_fk REFERENCES sites (id) ON DELETE CASCADE,
            address varchar NOT NULL,
            audience text[] DEFAULT '{}'::text[] NOT NULL,
            started_at timestamptz NOT NULL,
            ended_at timestamptz,
            added bigint DEFAULT 0 NOT NULL,
            changed bigint DEFAULT 0 NOT NULL,
            unchanged bigint DEFAULT 0 NOT NULL,
            removed bigint DEFAULT 0 NOT NULL,
            failures bigint DEFAULT 0 NOT NULL,
            failed jsonb DEFAULT '[]'::jsonb NOT NULL,
            CONSTRAINT crawls_pk PRIMARY KEY (site_id, address)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE crawls")
    op.execute("ALTER TABLE documents DROP COLUMN fetched")
