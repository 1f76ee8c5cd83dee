"""Questions that lean on what was said before, and those that only look so."""

import pytest

from graph.knowledge.followup import may_lean, search_text, stands_for
from graph.state import Earlier

HISTORY = [Earlier("visitor", "How do refunds work?"), Earlier("assistant", "You ask for one.")]


def said(*texts: str) -> list[Earlier]:
    """A conversation, the visitor first."""
    return [Earlier("assistant" if turn % 2 else "visitor", text) for turn, text in enumerate(texts)]


@pytest.mark.parametrize(
    "question",
    [
        "And how long does that take?",
        "How long does it take?",
        "What about gift cards?",
        "Does it have a warranty?",
        "Can they differ at Christmas?",
        "Why?",
        "ok, and with PayPal?",
    ],
)
def test_a_follow_up_is_searched_with_what_it_leans_on(question: str) -> None:
    assert search_text(question, HISTORY) == f"{question} refunds"
    assert search_text(question, []) == question


@pytest.mark.parametrize(
    "question",
    [
        "Does it work behind nginx?",
        "Can I embed it in my website?",
        "How do I change my password?",
        "How do refunds work?",
        "Is it possible to cancel?",
        "So what is a trusted proxy?",
        "And can two servers use the same embedded database?",
        "How long is one day on Mars?",
        "Is it possible to export invoices of the previous year as PDF files?",
        "Gibt es Mengenrabatt?",
        "Was kostet das Widget?",
        "Und welche Modelle laufen mit Ollama?",
        "Wie lange dauert der Versand?",
        "Y a-t-il une garantie ?",
        "Combien coûte la livraison ?",
        "¿Cuánto tarda el envío?",
        "¿Hay garantía?",
        "Quanto costa la spedizione?",
        "Hoeveel kost de verzending?",
        "Quanto custa o envio?",
    ],
)
def test_a_question_that_stands_alone_is_searched_as_it_is(question: str) -> None:
    assert search_text(question, HISTORY) == question
    assert search_text(question, said("Wie funktionieren Erstattungen?", "Auf Antrag.")) == question


@pytest.mark.parametrize(
    ("first", "about", "question"),
    [
        ("Wie reinige ich die Lampe?", "reinige Lampe", "Und wie lange dauert das?"),
        ("Wie reinige ich die Lampe?", "reinige Lampe", "Was kostet sie?"),
        ("Wie reinige ich die Lampe?", "reinige Lampe", "Was ist mit dem Schirm?"),
        ("Wie reinige ich die Lampe?", "reinige Lampe", "Hat sie eine Garantie?"),
        ("Comment nettoyer la lampe ?", "nettoyer lampe", "Et combien ça coûte ?"),
        ("Comment nettoyer la lampe ?", "nettoyer lampe", "A-t-elle une garantie ?"),
        ("¿Cómo limpio la lámpara?", "limpio lámpara", "¿Y cuánto tarda?"),
        ("¿Cómo limpio la lámpara?", "limpio lámpara", "¿Eso tiene garantía?"),
        ("Come pulisco la lampada?", "pulisco lampada", "E quanto costa?"),
        ("Hoe maak ik de lamp schoon?", "maak lamp schoon", "En hoe lang duurt dat?"),
        ("Como limpo a lâmpada?", "limpo lâmpada", "E quanto custa?"),
    ],
)
def test_follow_ups_in_other_languages(first: str, about: str, question: str) -> None:
    assert search_text(question, said(first, "…")) == f"{question} {about}"


def test_a_second_follow_up_keeps_the_subject() -> None:
    lamp = "How do I clean the Aurora lamp?"
    cloth, long = "With a cloth.", "And how long does that take?"

    assert search_text("and what does it cost?", said(lamp, cloth, long, "Not long.")) == (
        "and what does it cost? clean Aurora lamp"
    )
    assert search_text("and how long does it last?", said(lamp, cloth, "What about the shade?", "It unscrews.")) == (
        "and how long does it last? clean Aurora lamp shade"
    )
    assert search_text("Can it be dimmed?", said(lamp, cloth, "ok thanks", "You are welcome.")) == (
        "Can it be dimmed? clean Aurora lamp"
    )
    assert search_text("And what about the Aurora?", said(long, "Not long.")) == "And what about the Aurora?"


def test_names_of_the_last_answer_are_searched_for_too() -> None:
    answer = "You can pay with PayPal, by VISA, or on account. Refunds come the same way."
    german = "Sie können mit der Karte oder per Rechnung zahlen."

    assert search_text("And is that safe?", said("How can I pay?", answer)) == "And is that safe? pay PayPal VISA"
    assert search_text("Wie sicher ist das?", said("Wie kann ich zahlen?", german)) == "Wie sicher ist das? zahlen"


def test_a_pseudonym_of_before_is_not_searched_for() -> None:
    history = said("Where is the parcel for [PERSON_1]?", "It is with [PERSON_2] at the depot.")

    assert search_text("And when does it come?", history) == "And when does it come? parcel"


def test_a_model_is_asked_and_followed_in_other_languages() -> None:
    history = said("Wie reinige ich die Lampe?", "reinige Lampe", "Mit einem Tuch.")

    assert may_lean("Und wie lange dauert das?", history)
    assert not may_lean("Welche Zahlungsarten akzeptiert der Laden für Bestellungen aus Österreich?", history)
    assert stands_for("Wie lange dauert das, wenn ich die Lampe reinige?", "Und wie lange dauert das?", history)
    assert not stands_for("Wie lange dauert die Rückgabe?", "Und wie lange dauert das?", history)
