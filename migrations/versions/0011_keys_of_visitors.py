"""Keys of sites and visitors, and pseudonyms' values encrypted with them. Parley encrypts the old values itself."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE site_keys (
            id uuid NOT NULL,
            site_id bigint NOT NULL,
            wrapped bytea NOT NULL,
            master varchar NOT NULL,
            created_at timestamp with time zone DEFAULT now() NOT NULL,
            CONSTRAINT site_keys_pk PRIMARY KEY (id),
            CONSTRAINT site_keys_site_id_fk FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX site_keys_site_id_index ON site_keys (site_id)")
    op.execute(
        """
        CREATE TABLE visitor_keys (
            id uuid NOT NULL,
            site_id bigint NOT NULL,
            user_id uuid NOT NULL,
            site_key_id uuid NOT NULL,
            wrapped bytea NOT NULL,
            created_at timestamp with time zone DEFAULT now() NOT NULL,
            CONSTRAINT visitor_keys_pk PRIMARY KEY (id),
            CONSTRAINT visitor_keys_site_id_fk FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE,
            CONSTRAINT visitor_keys_user_id_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
            CONSTRAINT visitor_keys_site_key_id_fk FOREIGN KEY (site_key_id) REFERENCES site_keys (id)
        )
        """
    )
    op.execute("CREATE INDEX visitor_keys_site_id_index ON visitor_keys (site_id)")
    op.execute("CREATE INDEX visitor_keys_user_id_index ON visitor_keys (user_id)")
    op.execute("CREATE INDEX visitor_keys_site_key_id_index ON visitor_keys (site_key_id)")
    op.execute("DROP INDEX pseudonyms_value")
    # A byte before each value says that it is still in clear: the key is not known here.
    op.execute(r"ALTER TABLE pseudonyms ALTER COLUMN value TYPE bytea USING '\x00'::bytea || convert_to(value, 'UTF8')")
    op.execute(
        r"CREATE INDEX pseudonyms_clear ON pseudonyms (conversation_id) WHERE substr(value, 1, 1) = '\x00'::bytea"
    )


def downgrade() -> None:
    # What is encrypted cannot be read without its key: it goes.
    op.execute(r"DELETE FROM pseudonyms WHERE substr(value, 1, 1) <> '\x00'::bytea")
    op.execute("DROP INDEX pseudonyms_clear")
    op.execute("ALTER TABLE pseudonyms ALTER COLUMN value TYPE varchar USING convert_from(substr(value, 2), 'UTF8')")
    op.execute("CREATE UNIQUE INDEX pseudonyms_value ON pseudonyms (conversation_id, type, md5(value))")
    op.execute("DROP TABLE visitor_keys")
    op.execute("DROP TABLE site_keys")
