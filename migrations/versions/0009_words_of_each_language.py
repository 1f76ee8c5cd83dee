"""The words of a passage are cut to stems by the dictionary of its own language."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LANGUAGES = {
    "ar": "arabic",
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
READ = "setweight(to_tsvector('{0}', heading), 'A') || setweight(to_tsvector('{0}', text), 'B')"


def upgrade() -> None:
    op.execute("ALTER TABLE chunks DROP COLUMN words")
    op.execute("ALTER TABLE chunks ADD COLUMN dictionary varchar DEFAULT 'english' NOT NULL")
    for language, name in LANGUAGES.items():
        op.execute(f"""
            UPDATE chunks SET dictionary = '{name}'
            FROM documents WHERE documents.id = document_id AND language = '{language}'
        """)  # noqa: S608 - constants of this module
    cases = " ".join(f"WHEN '{name}' THEN {READ.format(name)}" for name in LANGUAGES.values())
    _add_words(f"CASE dictionary {cases} ELSE {READ.format('english')} END")
    op.execute("CREATE INDEX chunks_site_dictionary ON chunks (site_id, dictionary)")
    op.execute("DROP INDEX chunks_site_id_index")


def downgrade() -> None:
    op.execute("CREATE INDEX chunks_site_id_index ON chunks (site_id)")
    op.execute("DROP INDEX chunks_site_dictionary")
    op.execute("ALTER TABLE chunks DROP COLUMN words, DROP COLUMN dictionary")
    _add_words(READ.format("english"))


def _add_words(expression: str) -> None:
    op.execute(f"ALTER TABLE chunks ADD COLUMN words tsvector GENERATED ALWAYS AS ({expression}) STORED NOT NULL")
    op.execute("CREATE INDEX chunks_site_words ON chunks USING gin (site_id, words)")
