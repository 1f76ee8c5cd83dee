"""Indexes for sites with very many passages: vectors by length, and words within a site."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DIMENSIONS = (384, 768, 1024)


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    op.execute("CREATE INDEX chunks_site_words ON chunks USING gin (site_id, words)")
    op.execute("DROP INDEX chunks_words")
    for dimensions in DIMENSIONS:
        op.execute(f"""
            CREATE INDEX embeddings_nearest_{dimensions} ON embeddings
            USING hnsw ((CAST(vector AS halfvec({dimensions}))) halfvec_ip_ops)
            WHERE vector_dims(vector) = {dimensions}
        """)


def downgrade() -> None:
    for dimensions in DIMENSIONS:
        op.execute(f"DROP INDEX embeddings_nearest_{dimensions}")
    op.execute("CREATE INDEX chunks_words ON chunks USING gin (words)")
    op.execute("DROP INDEX chunks_site_words")
    op.execute("DROP EXTENSION btree_gin")
