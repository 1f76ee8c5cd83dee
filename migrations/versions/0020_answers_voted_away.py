"""Questions whose answers were voted away, by a digest."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE unwanted_answers (
    site_id bigint NOT NULL CONSTRAINT unwanted_answers_site_id_fk REFERENCES sites ON DELETE CASCADE,
    scope varchar NOT NULL,
    knowledge_version bigint NOT NULL,
    question_key varchar NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unwanted_answers_pk PRIMARY KEY (site_id, scope, knowledge_version, question_key)
)
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE unwanted_answers")
