"""What a reader's place in an answer is, whatever they send back."""

import pytest

from app.live.following import Position, read_position


def test_a_place_that_was_given_is_read_again() -> None:
    assert read_position(str(Position(2, 1, 40))) == Position(2, 1, 40)


@pytest.mark.parametrize("text", [None, "", "x", "1.2", "1.0.-5", "-1.0.0", "1.0." + "9" * 5000])
def test_what_is_no_place_is_the_beginning(text: str | None) -> None:
    assert read_position(text) == Position()
