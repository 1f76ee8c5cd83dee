"""A site names a chain of models where it named one."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        UPDATE sites SET config = config - 'model'
            || jsonb_build_object('models', jsonb_build_object('answers', jsonb_build_array(config -> 'model')))
        WHERE config ? 'model'
    """)


def downgrade() -> None:
    op.execute("""
        UPDATE sites SET config = config - 'models'
            || CASE WHEN config -> 'models' -> 'answers' ->> 0 IS NULL THEN '{}'
                    ELSE jsonb_build_object('model', config -> 'models' -> 'answers' -> 0) END
        WHERE config ? 'models'
    """)
