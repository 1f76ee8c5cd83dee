"""National ids of seven languages, as they are written in messages: one value, and nothing of what stands around it."""

import pytest

from graph.guards.personal_data import PresidioFinder

IDS = [
    ("My SSN is", "219-09-9999"),
    ("My social security number is", "219 09 9999"),
    ("My NI number is", "QQ123456C"),
    ("My national insurance number is", "QQ 12 34 56 C"),
    ("Meine Steuer-ID ist", "86095742719"),
    ("Meine Steuer-ID ist", "86 095 742 719"),
    ("Meine Ausweisnummer ist", "L01X00T471"),
    ("Meine Sozialversicherungsnummer ist", "12 010185 M 123"),
    ("Mon numéro de sécurité sociale est", "185057800608436"),
    ("Mon numéro de sécurité sociale est", "1 85 05 78 006 084 36"),
    ("Mon numéro de sécurité sociale est", "2 85 05 2A 006 084"),
    ("Mi DNI es", "12345678Z"),
    ("Mi DNI es", "12.345.678-Z"),
    ("Mi DNI es", "12345678 Z"),
    ("Mi NIE es", "X-1234567-L"),
    ("Il mio codice fiscale è", "RSSMRA85T10A562S"),
    ("Il mio codice fiscale è", "RSS MRA 85T10 A562S"),
    ("Mijn BSN is", "111222333"),
    ("Mijn BSN is", "111.222.333"),
    ("Mijn burgerservicenummer is", "111 222 333"),
    ("O meu NIF é", "123456789"),
    ("O meu NIF é", "912 345 678"),
    ("O meu número de contribuinte é", "291 234 561"),
    ("Meu CPF é", "12345678909"),
    ("Meu CPF é", "123.456.789-09"),
]
ENDS = ["", ".", ", ok", ")", "?", ";", ": ok", "!", "…", '"', "\n", ". Ok"]


@pytest.mark.parametrize(("words", "value"), IDS, ids=[value for _, value in IDS])
def test_an_id_is_one_value_before_every_mark(either_finder: PresidioFinder, words: str, value: str) -> None:
    for end in ENDS:
        text = f"{words} {value}{end}"
        found = [(span.type, text[span.start : span.end]) for span in either_finder.find(text)]
        # The spaCy model takes `Mijn` for a name.
        assert [each for each in found if each[0] != "PERSON"] == [("NATIONAL_ID", value)], text


@pytest.mark.parametrize(
    "value", ["219-09-9999", "RSSMRA85T10A562S", "12345678Z", "1 85 05 78 006 084 36", "123.456.789-09"]
)
def test_some_are_known_by_their_form_alone(either_finder: PresidioFinder, value: str) -> None:
    for end in ENDS:
        text = f"{value}{end}"
        assert [text[span.start : span.end] for span in either_finder.find(text)] == [value]


@pytest.mark.parametrize(
    "text",
    ["My passport expires on 12 03 2025", "I lost my passport and 2 tickets", "Is a passport needed in 2025 or 2026?"],
)
def test_numbers_after_the_word_are_no_ids(either_finder: PresidioFinder, text: str) -> None:
    assert "NATIONAL_ID" not in [span.type for span in either_finder.find(text)]
