"""How far every ingestion has come, not only how those of planned sources went."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE crawls RENAME TO ingestions")
    op.execute("ALTER TABLE ingestions RENAME COLUMN address TO source")
    op.execute("ALTER TABLE ingestions RENAME CONSTRAINT crawls_pk TO ingestions_pk")
    op.execute("ALTER TABLE ingestions RENAME CONSTRAINT crawls_site_id_fk TO ingestions_site_id_fk")
    op.execute("""
        ALTER TABLE ingestions
            ADD COLUMN planned boolean DEFAULT true NOT NULL,
            ADD COLUMN told_at timestamptz,
            ADD COLUMN seen bigint DEFAULT 0 NOT NULL,
            ADD COLUMN skipped bigint DEFAULT 0 NOT NULL,
            ADD COLUMN chunks bigint DEFAULT 0 NOT NULL,
            ADD COLUMN error varchar
    """)
    op.execute("UPDATE ingestions SET told_at = coalesce(ended_at, started_at), seen = added + changed + unchanged")
    op.execute("""
        ALTER TABLE ingestions
            ALTER COLUMN planned SET DEFAULT false,
            ALTER COLUMN told_at SET NOT NULL
    """)


def downgrade() -> None:
    op.execute("DELETE FROM ingestions WHERE NOT planned")
    op.execute("""
        ALTER TABLE ingestions
            DROP COLUMN planned, DROP COLUMN told_at, DROP COLUMN seen, DROP COLUMN skipped, DROP COLUMN chunks,
            DROP COLUMN error
    """)
    op.execute("ALTER TABLE ingestions RENAME CONSTRAINT ingestions_site_id_fk TO crawls_site_id_fk")
    op.execute("ALTER TABLE ingestions RENAME CONSTRAINT ingestions_pk TO crawls_pk")
    op.execute("ALTER TABLE ingestions RENAME COLUMN source TO address")
    op.execute("ALTER TABLE ingestions RENAME TO crawls")
