"""Denials, near-denials and opposites, by language."""

import pytest

from graph.knowledge.denials import denies, nearly
from graph.knowledge.opposites import reversals


@pytest.mark.parametrize(
    ("language", "text", "denied"),
    [
        ("en", "We rarely ship.", True),
        ("en", "We hardly ever ship.", True),
        ("en", "Few stores sell it.", True),
        ("en", "A few stores sell it.", False),
        ("en", "Not only in Berlin.", False),
        ("de", "Sie brauchen keine Quittung.", True),
        ("de", "Das kostet nichts.", False),
        ("fr", "La garantie n'est pas transférable.", True),
        ("fr", "Ce n'est jamais gratuit.", True),
        ("fr", "Il ne coûte que 5 euros.", False),
        ("es", "No se prestan nunca.", True),
        ("it", "Non è mai gratuito.", True),
        ("nl", "De garantie geldt niet.", True),
        ("pt", "Não cobre nada.", True),
        ("ar", "لا", False),
    ],
)
def test_denials(language: str, text: str, denied: bool) -> None:
    assert denies(text, language) is denied


def test_near_denials_are_told_from_others() -> None:
    assert nearly("We seldom ship.")
    assert not nearly("We never ship.")


@pytest.mark.parametrize(
    ("language", "claim", "source", "count"),
    [
        ("en", "if used", "if unused", 1),
        ("en", "an invoice", "by voice", 0),
        ("en", "after it is shipped", "until it is shipped", 1),
        ("en", "until 48 hours after arrival", "until 48 hours before arrival", 1),
        ("de", "nach Montag", "vor Montag", 1),
        ("de", "ungeöffnete Waren", "geöffnete Waren", 1),
        ("fr", "après l'envoi", "avant l'envoi", 1),
        ("nl", "gesloten", "open", 1),
    ],
)
def test_opposites(language: str, claim: str, source: str, count: int) -> None:
    assert reversals(claim, source, source, language) == count
