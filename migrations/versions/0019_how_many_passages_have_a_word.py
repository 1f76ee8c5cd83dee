"""How many passages of a site have each word, counted where passages are written instead of with each question."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE word_counts (
            site_id bigint NOT NULL CONSTRAINT word_counts_site_id_fk REFERENCES sites ON DELETE CASCADE,
            lexeme varchar NOT NULL,
            dictionary varchar NOT NULL,
            audience text[] NOT NULL,
            passages bigint NOT NULL,
            CONSTRAINT word_counts_pk PRIMARY KEY (site_id, lexeme, dictionary, audience)
        )
    """)
    op.execute("""
        INSERT INTO word_counts (site_id, lexeme, dictionary, audience, passages)
        SELECT chunks.site_id, lexeme, dictionary, audience, count(*)
        FROM chunks JOIN documents ON documents.id = document_id
        CROSS JOIN LATERAL (SELECT unnest(tsvector_to_array(words)) UNION ALL SELECT '') AS held (lexeme)
        GROUP BY chunks.site_id, lexeme, dictionary, audience
    """)
    op.execute("DROP INDEX chunks_site_dictionary")


def downgrade() -> None:
    op.execute("CREATE INDEX chunks_site_dictionary ON chunks (site_id, dictionary)")
    op.execute("DROP TABLE word_counts")
