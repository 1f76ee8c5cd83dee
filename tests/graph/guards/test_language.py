"""Telling eight languages apart by their commonest words."""

import pytest

from graph.guards.language import language_of, language_of_document


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I cancel my plan?", "en"),
        ("Wie kündige ich?", "de"),
        ("¿Dónde está mi paquete?", "es"),
        ("j'ai oublié mon mot de passe", "fr"),
        ("Come posso disdire?", "it"),
        ("Hoe kan ik opzeggen?", "nl"),
        ("Como cancelo a assinatura?", "pt"),
        ("كيف ألغي اشتراكي؟", "ar"),
        ("weekly stats in slack", "en"),
        ("`der die das` is this right?", "en"),
        ("PayPal", None),
        ("", None),
    ],
)
def test_language_of_short_messages(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_what_was_said_before_decides_where_a_message_shows_no_language() -> None:
    assert language_of("PayPal?", "ok", "Kann ich mit Karte zahlen?") == "de"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wir zahlen innerhalb von zwei Wochen zurück, und eine Rückgabe ist kostenlos.", "de"),
        (
            "Hon. Angela J. Davis, Hon. Da Silva, Hon. Mark A. Davis, Hon. Troy Davis, Hon. Susan Lopez, Hon. Maria",
            None,
        ),
        ("E-4711 E-4712", None),
        ("كيف ألغي اشتراكي؟", "ar"),
    ],
)
def test_a_document_shows_its_language_by_more_than_a_name(text: str, language: str | None) -> None:
    assert language_of_document(text) == language
