"""What visitors write and are answered is encrypted. Parley encrypts the old texts itself at its start."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = {
    "conversations": ("title",),
    "messages": ("text",),
    "attachments": ("name", "text"),
    "citations": ("document", "title", "heading", "text"),
    "handovers": ("note", "contact"),
    "scores": ("comment",),
    "cached_answers": ("question", "text"),
}


def upgrade() -> None:
    op.execute("DELETE FROM cached_answers")
    for table, columns in COLUMNS.items():
        # A byte before each text says that it is still in clear: the key is not known here. An empty text stays empty.
        op.execute(
            f"ALTER TABLE {table} "
            + ", ".join(
                f"ALTER COLUMN {column} TYPE bytea USING CASE WHEN {column} = '' THEN ''::bytea "
                rf"ELSE '\x00'::bytea || convert_to({column}, 'UTF8') END"
                for column in columns
            )
        )
        if table != "cached_answers":
            key = "message_id" if table == "citations" else "id"
            clear = " OR ".join(rf"substr({column}, 1, 1) = '\x00'::bytea" for column in columns)
            op.execute(f"CREATE INDEX {table}_clear ON {table} ({key}) WHERE {clear}")


def downgrade() -> None:
    # What is encrypted cannot be read without its key: it goes.
    op.execute("DELETE FROM cached_answers")
    for table, columns in COLUMNS.items():
        op.execute(f"DROP INDEX IF EXISTS {table}_clear")
        gone = " OR ".join(rf"substr({column}, 1, 1) = '\x01'::bytea" for column in columns)
        if table in ("conversations", "scores"):
            op.execute(f"UPDATE {table} SET {columns[0]} = NULL WHERE {gone}")  # noqa: S608 - names of this module
        else:
            op.execute(f"DELETE FROM {table} WHERE {gone}")  # noqa: S608 - names of this module
        op.execute(
            f"ALTER TABLE {table} "
            + ", ".join(
                f"ALTER COLUMN {column} TYPE varchar USING convert_from(ltrim({column}, '\\x00'::bytea), 'UTF8')"
                for column in columns
            )
        )
