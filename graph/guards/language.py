"""Which language a text is in, and whether a model of English names should read it at all."""

import re

LAST_LATIN = "\u024f"
_WORD = re.compile(r"[^\W\d_]{1,20}")
_CAPITALISED = re.compile(r"(?<!\w)[A-ZÀ-ÖØ-ÞŠŽČ][a-zß-ÿ]")
_ENGLISH_WORDS = (
    "the a an and or is are was were to of for on my your i you we he she they it how do does can could would will "
    "what why when where who please with from have has had not this that be been if there me our his her hello hi name"
)
_WORDS = {
    "de": "der die das und oder ist sind war ich du wir sie mein meine ein eine einen wie kann nicht mit von für "
    "auf zu den dem wo was warum wird werden bei im",
    "fr": "le la les des un une et ou est sont je vous nous mon ma mes comment pourquoi avec pour dans pas sur du au",
    "es": "el los las una y o es soy mi mis cómo como por qué para con en del que no se",
    "it": "il lo gli di e sono mio mia come perché per che non ho",
    "nl": "de het een en of ik je wij mijn hoe waarom met voor niet van op te",
    "pt": "os as um uma eu meu minha não com da do",
}
_FURTHER_WORDS = {
    "en": "hey thanks thank yes please can't i'm don't cannot which want need get did does your am at by it's after "
    "about in as so if no me do any off all up out just into more some",
    "de": "am hallo danke bitte ja nein guten tag mir mich meinen meiner haben habe hat gibt aus an als auch noch wenn "
    "man kein keine können könnte möchte brauche einem einer es sich ihr ihre ihren nach wann welche wieviel "
    "über vom zum zur bieten sie erreiche rechnung passwort konto bestellung wer wozu wurde wurden welcher "
    "welches welchem welchen hatte waren durch unter war's",
    "fr": "bonjour merci oui non salut j'ai c'est quel quelle quels quelles où quand ai a à ce cette ces mot passe "
    "votre vos suis puis peux peut-on peut faire d'une l'on qu'est-ce est-ce que qui ne se en plus oublié "
    "facture compte quelqu'un avez-vous avez pouvez il elle sans par sont d'un n'est êtes",
    "es": "hola gracias sí buenos días buenas dónde cuándo cuál cuáles quién tengo tiene tienen puedo puede hay "
    "está están he ha me lo la al un y su sus más contraseña factura facturas cuenta quiero necesito este "
    "esta ese de nada son sobre olvidado",
    "it": "ciao grazie sì buongiorno dove quando quale quali chi ho ha posso può c'è della dello delle dei degli "
    "nel nella un una i la le con del al alla questo questa password fattura conto vorrei voglio avete è si "
    "da fare anche mi in mie miei",
    "nl": "hallo bedankt dank ja nee goedemorgen waar wanneer welke wie heb heeft kan kunnen mag zijn is niet geen "
    "mijn uw u die dat dit naar bij aan ook nog wil graag om er wachtwoord rekening factuur bestelling jullie "
    "zonder als maar in",
    "pt": "olá obrigado obrigada sim bom dia onde quando qual quais quem tenho tem posso pode há está estão é são "
    "no na nos nas ao à o a de em por para que se minhas meus senha conta fatura encomenda quero preciso isso "
    "este esta você vocês como mais",
}
_LETTERS = {"de": "ßä", "es": "ñ¿¡", "fr": "œùûêîë", "pt": "ãõ", "it": "ìò"}
"""Letters and marks that are at home in one of these languages only, or nearly so."""
_ARABIC = re.compile(r"[\u0600-\u06ff\u0750-\u077f]")
_APOSTROPHED = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_QUOTED = re.compile(r"`[^`]*`|https?://\S+|\[[A-Z_]+_\d+\]")
PLAIN_SHARE = 0.1
"""Of a document's words, the share that has to be its language's commonest ones. Plain text has a quarter or more."""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_OTHERS = frozenset(" ".join(_WORDS.values()).split()) - _ENGLISH
_LEXICON = {
    language: frozenset(f"{words} {_FURTHER_WORDS[language]}".split())
    for language, words in {"en": _ENGLISH_WORDS, **_WORDS}.items()
}


def language_of(*texts: str) -> str | None:
    """The language of the first text that shows one, as its two letters: en, de, es, fr, it, nl, pt or ar.

    It goes by the commonest words, which is enough for a choice among eight languages; None if no text has any.
    """
    return next((language for text in texts if (language := _language_of(text))), None)


def language_of_document(text: str) -> str | None:
    """The language of a longer text, as `language_of` gives it, but None where too few of its words show it.

    A list of names has a word of some language, too, and single letters are initials as often as words.
    """
    language = language_of(text)
    if language not in _LEXICON:
        return language
    words = [word for word in _words(_QUOTED.sub(" ", text)) if len(word) > 1]
    plain = sum(word in _LEXICON[language] for word in words)
    return language if plain and plain >= PLAIN_SHARE * len(words) else None


def _words(text: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in _APOSTROPHED.findall(text)]


def _language_of(text: str) -> str | None:
    text = _QUOTED.sub(" ", text)
    letters = [letter for letter in text if letter.isalpha()]
    if letters and sum(_ARABIC.match(letter) is not None for letter in letters) * 2 > len(letters):
        return "ar"
    words = _words(text)
    lowered = text.lower()
    shares = {
        language: sum(word in known for word in words)
        + 1.5 * any(mark in lowered for mark in _LETTERS.get(language, ""))
        for language, known in _LEXICON.items()
    }
    best = max(shares, key=shares.__getitem__)  # of equals English, which stands first
    return best if shares[best] > 0 else None


def worth_reading(text: str) -> bool:
    """Whether `text` holds a capitalised word and is not in another language than English."""
    return bool(_CAPITALISED.search(text)) and not foreign(text)


def foreign(text: str) -> bool:
    """Whether `text` seems to be in another language: by its commonest words, or as most letters are not Latin."""
    words = [word.lower() for word in _WORD.findall(text)]
    letters = "".join(words)
    if sum(letter > LAST_LATIN for letter in letters) * 2 > len(letters):
        return True
    return sum(word in _ENGLISH for word in words) < sum(word in _OTHERS for word in words)
