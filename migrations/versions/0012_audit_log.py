"""The audit log."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE audit_records (
            number bigint NOT NULL,
            at timestamp with time zone NOT NULL,
            actor varchar NOT NULL,
            action varchar NOT NULL,
            subject varchar NOT NULL,
            details jsonb DEFAULT '{}'::jsonb NOT NULL,
            hash bytea NOT NULL,
            CONSTRAINT audit_records_pk PRIMARY KEY (number)
        )
        """
    )
    op.execute(
        """
        CREATE FUNCTION audit_records_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'records of the audit log are never changed or removed';
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER audit_records_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
        FOR EACH STATEMENT EXECUTE FUNCTION audit_records_stay()
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE audit_records")
    op.execute("DROP FUNCTION audit_records_stay()")
