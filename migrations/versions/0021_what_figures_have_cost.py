"""How much of its privacy budget each site has spent on figures that left."""

from alembic import op

revision = "0021"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE privacy_spent (
            site_id bigint NOT NULL,
            epsilon numeric DEFAULT 0 NOT NULL,
            CONSTRAINT privacy_spent_pk PRIMARY KEY (site_id),
            CONSTRAINT privacy_spent_site_id_fk FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE privacy_spent")
