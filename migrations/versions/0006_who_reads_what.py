"""Who may read a document and in which language it is; on which page a passage stands, and whether it is suspicious."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE documents ADD COLUMN audience text[] DEFAULT '{}' NOT NULL, ADD COLUMN language varchar")
    op.execute("ALTER TABLE chunks ADD COLUMN page bigint, ADD COLUMN suspicious boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE chunks DROP COLUMN suspicious, DROP COLUMN page")
    op.execute("ALTER TABLE documents DROP COLUMN language, DROP COLUMN audience")
