"""Indexes by age, for what a site keeps for a number of days."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

AGES = {
    "conversations": "updated_at",
    "attachments": "created_at",
    "traces": "started_at",
    "scores": "created_at",
}


def upgrade() -> None:
    for table, age in AGES.items():
        op.execute(f"CREATE INDEX {table}_by_age ON {table} (site_id, {age})")
        op.execute(f"DROP INDEX {table}_site_id_index")
    op.execute("CREATE INDEX users_by_age ON users (site_id, created_at)")


def downgrade() -> None:
    op.execute("DROP INDEX users_by_age")
    for table in AGES:
        op.execute(f"CREATE INDEX {table}_site_id_index ON {table} (site_id)")
        op.execute(f"DROP INDEX {table}_by_age")
