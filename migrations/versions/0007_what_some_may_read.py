"""An index of the documents that not everybody may read; the labels of who asked a message."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX documents_restricted ON documents (site_id) WHERE audience <> '{}'")
    op.execute("ALTER TABLE messages ADD COLUMN labels text[] DEFAULT '{}' NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE messages DROP COLUMN labels")
    op.execute("DROP INDEX documents_restricted")
