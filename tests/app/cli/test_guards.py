"""`parley guards …`, on the real database."""

import psycopg
import pytest

from tests.app.cli.conftest import Parley

TURNS = """
WITH visitor AS (
    INSERT INTO users (site_id, identifier)
    SELECT id, 'v' FROM sites WHERE name = 'shop' RETURNING id, site_id
), conversation AS (
    INSERT INTO conversations (id, site_id, user_id) SELECT gen_random_uuid(), site_id, id FROM visitor
    RETURNING id, site_id
)
INSERT INTO traces (id, site_id, conversation_id, started_at, duration_ms, outcome, details)
SELECT gen_random_uuid(), site_id, conversation.id, now() - interval '1 day', 1, 'done',
    jsonb_build_object('injection', jsonb_build_object('score', number / 500.0, 'reason', 'x'))
    || CASE WHEN number > 490 THEN '{"attention": "blocked"}'::jsonb ELSE '{}'::jsonb END
FROM conversation, generate_series(1, %(turns)s) AS number
"""


@pytest.fixture
def shop(parley: Parley) -> Parley:
    assert parley("site", "add", "shop").code == 0
    return parley


def turned(database_url: str, turns: int) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(TURNS, {"turns": turns})


def test_a_threshold_is_fitted_to_what_was_let_through(shop: Parley, database_url: str) -> None:
    turned(database_url, 500)

    tried = shop("guards", "calibrate", "shop", "--try", "--json").lines
    assert [(each["messages"], each["stopped"], each["stored"]) for each in tried] == [(490, 2, False)]
    assert shop("site", "show", "shop").out.strip() == ""
    made = shop("guards", "calibrate", "shop")
    assert "2 of 490 harmless messages (0.41%) would have been refused; it was 0.9." in made.out
    assert "screening_threshold = 0.97" in shop("site", "show", "shop").out
    assert shop("site", "edit", "shop", "--set", "screening=shadow").code == 0
    wider = shop("guards", "calibrate", "shop", "--share", "0.02")
    assert "9 of 490" in wider.out
    assert "--set screening=on" in wider.out


def test_too_few_messages_are_refused_in_one_sentence(shop: Parley, database_url: str) -> None:
    turned(database_url, 399)

    refused = shop("guards", "calibrate", "shop")
    assert (refused.code, refused.out) == (1, "")
    assert "399 harmless messages of the last 90 days, and a share of 0.50% needs 400" in refused.err
    assert "There is no site other" in shop("guards", "calibrate", "other").err
    assert shop("guards", "calibrate", "shop", "--share", "0.006", "--try").code == 0
    assert shop("guards", "calibrate", "shop", "--share", "0.5").code == 2
