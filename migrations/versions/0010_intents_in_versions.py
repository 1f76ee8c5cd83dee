"""Intents in versions, with what staff correct; what sites had in their configuration becomes their first version."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE intent_versions (
            site_id bigint NOT NULL CONSTRAINT intent_versions_site_id_fk REFERENCES sites (id) ON DELETE CASCADE,
            number bigint NOT NULL,
            content jsonb NOT NULL,
            encoder varchar NOT NULL,
            head bytea,
            gate float NOT NULL,
            report jsonb DEFAULT '{}' NOT NULL,
            held_out boolean[] DEFAULT '{}' NOT NULL,
            created_at timestamptz DEFAULT now() NOT NULL,
            CONSTRAINT intent_versions_pk PRIMARY KEY (site_id, number)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE intent_corrections (
            id uuid DEFAULT gen_random_uuid() NOT NULL CONSTRAINT intent_corrections_pk PRIMARY KEY,
            site_id bigint NOT NULL CONSTRAINT intent_corrections_site_id_fk REFERENCES sites (id) ON DELETE CASCADE,
            trace_id uuid NOT NULL CONSTRAINT intent_corrections_trace_id_key UNIQUE
                CONSTRAINT intent_corrections_trace_id_fk REFERENCES traces (id) ON DELETE CASCADE,
            message_id uuid NOT NULL
                CONSTRAINT intent_corrections_message_id_fk REFERENCES messages (id) ON DELETE CASCADE,
            taken_for varchar NOT NULL,
            intent varchar NOT NULL,
            member_id uuid CONSTRAINT intent_corrections_member_id_fk REFERENCES members (id) ON DELETE SET NULL,
            created_at timestamptz DEFAULT now() NOT NULL
        )
        """
    )
    for column in ("site_id", "message_id", "member_id"):
        op.execute(f"CREATE INDEX intent_corrections_{column}_index ON intent_corrections ({column})")
    op.execute("ALTER TABLE sites ADD COLUMN intents_version bigint")
    op.execute(
        """
        INSERT INTO intent_versions (site_id, number, content, encoder, gate)
        SELECT id, 1, jsonb_build_object('intent', config -> 'intents'), '', 0 FROM sites WHERE config ? 'intents'
        """
    )
    op.execute("UPDATE sites SET intents_version = 1, config = config - 'intents' WHERE config ? 'intents'")


def downgrade() -> None:
    op.execute(
        """
        UPDATE sites SET config = config || jsonb_build_object('intents', v.content -> 'intent')
        FROM intent_versions AS v WHERE v.site_id = sites.id AND v.number = sites.intents_version
        """
    )
    op.execute("ALTER TABLE sites DROP COLUMN intents_version")
    op.execute("DROP TABLE intent_corrections")
    op.execute("DROP TABLE intent_versions")
