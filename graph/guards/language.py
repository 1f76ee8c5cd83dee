"""Whether a model of English names should read a text at all."""

import re

LAST_LATIN = "\u024f"
_WORD = re.compile(r"[^\W\d_]{1,20}")
_CAPITALISED = re.compile(r"(?<!\w)[A-ZÀ-ÖØ-ÞŠŽČ][a-zß-ÿ]")
_ENGLISH_WORDS = (
    "the a an and or is are was were to of for on my your i you we he she they it how do does can could would will "
    "what why when where who please with from have has had not this that be been if there me our his her hello hi name"
)
_OTHER_WORDS = (
    # German
    "der die das und oder ist sind war ich du wir sie mein meine ein eine einen wie kann nicht mit von für auf zu den "
    "dem wo was warum wird werden bei im "
    # French
    "le la les des un une et ou est sont je vous nous mon ma mes comment pourquoi avec pour dans pas sur du au "
    # Spanish
    "el los las una y o es soy mi mis cómo como por qué para con en del que no se "
    # Italian
    "il lo gli di e sono mio mia come perché per che non ho "
    # Dutch
    "de het een en of ik je wij mijn hoe waarom met voor niet van op te "
    # Portuguese
    "os as um uma eu meu minha não com da do"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_OTHERS = frozenset(_OTHER_WORDS.split()) - _ENGLISH


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
