"""The answer cache."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE cached_answers (
            id bigint GENERATED ALWAYS AS IDENTITY,
            site_id bigint NOT NULL,
            scope varchar NOT NULL,
            knowledge_version bigint NOT NULL,
            question_key varchar NOT NULL,
            question varchar NOT NULL,
            vector halfvec NOT NULL,
            text varchar NOT NULL,
            answered_by varchar NOT NULL,
            rung varchar NOT NULL,
            sources jsonb NOT NULL,
            answer_id uuid NOT NULL,
            created_at timestamp with time zone DEFAULT now() NOT NULL,
            used_at timestamp with time zone DEFAULT now() NOT NULL,
            CONSTRAINT cached_answers_pk PRIMARY KEY (id),
            CONSTRAINT cached_answers_site_id_scope_knowledge_version_question_key_key
                UNIQUE (site_id, scope, knowledge_version, question_key),
            CONSTRAINT cached_answers_site_id_fk FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE,
            CONSTRAINT cached_answers_answer_id_fk FOREIGN KEY (answer_id) REFERENCES messages (id) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX cached_answers_answer_id_index ON cached_answers (answer_id)")


def downgrade() -> None:
    op.execute("DROP TABLE cached_answers")
