"""Words as they are looked up in tables: in small letters and without accents."""

import unicodedata


def fold(text: str) -> str:
    """The text case-folded and without accents: "Março" is "marco", "dreißig" is "dreissig"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
