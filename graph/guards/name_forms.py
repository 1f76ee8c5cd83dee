"""The forms in which a model repeats a name that it was shown: "Mira" of "mira okonkwo"."""

import re
from collections.abc import Iterable, Mapping

from graph.context import ModelRoute, PersonalSpan
from graph.guards.pseudonyms import Pseudonyms, type_of

PERSON = "PERSON"
_WORD = re.compile(r"\w[\w'’-]*\w")
FEWEST_LETTERS = 3


def shown_names(models: Iterable[ModelRoute]) -> bool:
    """Whether one of the models is shown names, so that their forms matter."""
    return any(PERSON in model.sees for model in models)


def learn_forms(pseudonyms: Pseudonyms) -> None:
    """Give each form of the names a token of its own, so that it comes back as the model wrote it."""
    for token, name in tuple(pseudonyms.values.items()):
        if type_of(token) == PERSON:
            for form in _forms(name):
                pseudonyms.protect(form, [PersonalSpan(PERSON, 0, len(form), 1.0)])


def with_forms(text: str, values: Mapping[str, str]) -> str:
    """A text with the tokens of the forms behind it of each name in it: who may repeat a name may repeat its parts.

    Args:
        values: what each token of the conversation stands for.
    """
    names = {token: value for token, value in values.items() if type_of(token) == PERSON}
    said = {form for token, name in names.items() if token in text for form in _forms(name)}
    return " ".join([text, *(token for token, name in names.items() if name in said and token not in text)])


def _forms(name: str) -> list[str]:
    """The name and its words, as they are and as names are written. Small words within it, such as "van", are none."""
    words = [word for word in _WORD.findall(name) if name == name.lower() or word != word.lower()]
    forms = [form for word in words for form in (word, _written(word)) if not form.islower()]
    whole = _WORD.sub(lambda found: _written(found[0]) if found[0] in words else found[0], name)
    return [form for form in dict.fromkeys([*forms, whole]) if len(form) >= FEWEST_LETTERS]


def _written(word: str) -> str:
    return word.capitalize() if word.isupper() else word[0].upper() + word[1:]
