"""What counts as personal data, with the real language model."""

from itertools import pairwise

import pytest

from graph.guards.patterns import iban_checks, luhn
from graph.guards.personal_data import PresidioFinder


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("write to anna.schmidt@example.org please", "EMAIL", "anna.schmidt@example.org"),
        ("my name is joe bloggs and i can't log in", "PERSON", "joe bloggs"),
        ("Hello, I'm Maria Lopez, my parcel is late", "PERSON", "Maria Lopez"),
        ("ich heiße Jana Weber", "PERSON", "Jana Weber"),
        ("my card is 4111 1111 1111 1111", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN", "DE89 3704 0044 0532 0130 00"),
        ("call me on +44 20 7946 0958", "PHONE", "+44 20 7946 0958"),
        ("my SSN is 078-05-1120", "NATIONAL_ID", "078-05-1120"),
        ("I was born on 12 March 1981", "DATE_OF_BIRTH", "12 March 1981"),
        ("the password is hunter2!x", "PASSWORD", "hunter2!x"),
        ("the password is: hunter2!x, try it", "PASSWORD", "hunter2!x"),
        ("I live at 12 Baker Street, London", "ADDRESS", "12 Baker Street, London"),
        ("Lieferung an Hauptstraße 5, 10115 Berlin", "ADDRESS", "Hauptstraße 5, 10115 Berlin"),
        ("the log shows 203.0.113.7 again", "IP", "203.0.113.7"),
        ("connect to postgresql://bob:secret@db.example.org/x", "URL", "postgresql://bob:secret@db.example.org/x"),
    ],
)
def test_personal_data_is_found_whole(either_finder: PresidioFinder, text: str, type_: str, value: str) -> None:
    assert (type_, value) in [(span.type, text[span.start : span.end]) for span in either_finder.find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "How do I connect Parley to OpenAI?",
        "Does Chainlit work with PostgreSQL and Docker?",
        "Is there a WordPress plugin or a Slack integration?",
        "How does it differ from Google Analytics?",
        "My order 4567 8901 has not arrived",
        "invoice no. 2024-118822 is wrong",
        "I use version 10.0.0.1 of the app",
        "The server listens on 127.0.0.1",
        "Warum werden Besucher von Werbeblockern nicht gezählt?",
        "Bieten Sie eine Lizenz für Schulen an?",
        "Where is the office in Berlin?",
        "Can I pay by card on Monday?",
        "look at the docs dot com page",
        "Call me back please",
        "my passcode was denied.",
        "Bitte die folgende Seite öffnen, um ein neues Passwort einzugeben:",
        "jeder, der dieses Passwort kennt, kann den Inhalt einsehen",
        "Do you ship to Portugal?",
        "my card was charged twice for order 346-1405029-2226172",
        "",
    ],
)
def test_harmless_messages_are_left_alone(either_finder: PresidioFinder, text: str) -> None:
    assert [text[span.start : span.end] for span in either_finder.find(text)] == []


def test_spans_are_in_order_and_apart(either_finder: PresidioFinder) -> None:
    text = "I'm Maria Lopez, maria@example.org, +44 20 7946 0958, card 4111 1111 1111 1111, born on 12 March 1981"
    spans = either_finder.find(text)

    assert len(spans) == 5
    assert all(before.end <= after.start for before, after in pairwise(spans))


@pytest.mark.parametrize(("digits", "sound"), [("4111111111111111", True), ("4111111111111112", False)])
def test_check_digit_of_cards(digits: str, sound: bool) -> None:
    assert luhn(digits) is sound


@pytest.mark.parametrize(("iban", "sound"), [("DE89370400440532013000", True), ("DE88370400440532013000", False)])
def test_check_digits_of_accounts(iban: str, sound: bool) -> None:
    assert iban_checks(iban) is sound
