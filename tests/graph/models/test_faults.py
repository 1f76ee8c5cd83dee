"""What a `Retry-After` header asks for."""

from datetime import UTC, datetime

import pytest

from graph.models.faults import retry_after_s, translate

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("2", 2.0, id="seconds"),
        pytest.param("0.5", 0.5, id="part of a second"),
        pytest.param("-3", 0.0, id="negative"),
        pytest.param("Mon, 23 Nov 2026 12:01:30 GMT", 90.0, id="date"),
        pytest.param("Mon, 23 Nov 2026 13:01:30 +0100", 90.0, id="date of another zone"),
        pytest.param("Mon, 23 Nov 2026 11:00:00 GMT", 0.0, id="date gone by"),
        pytest.param("soon", None, id="words"),
        pytest.param("inf", None, id="for ever"),
        pytest.param("nan", None, id="no number"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="missing"),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, now=NOW) == seconds


def test_an_unknown_error_does_not_carry_its_text() -> None:
    fault = translate(ValueError("what the visitor wrote"))

    assert "visitor" not in str(fault)
    assert "ValueError" in str(fault)
