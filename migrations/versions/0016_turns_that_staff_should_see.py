"""An index of the turns that staff should look at."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX traces_attention ON traces (site_id, started_at) WHERE details ? 'attention'")


def downgrade() -> None:
    op.execute("DROP INDEX traces_attention")
