"""A model that was shown a whole name repeats a part of it, in capitals where names have them."""

import pytest

from graph.context import PersonalSpan
from graph.guards.conceal import concealed
from graph.guards.name_forms import learn_forms, with_forms
from graph.guards.pseudonyms import Pseudonyms


@pytest.mark.parametrize(
    ("given", "repeated"),
    [
        ("Mira Okonkwo", ["Mira Okonkwo", "Mira", "Okonkwo"]),
        ("mira okonkwo", ["mira okonkwo", "Mira Okonkwo", "Mira", "Okonkwo"]),
        ("MIRA OKONKWO", ["MIRA OKONKWO", "Mira Okonkwo", "Okonkwo", "MIRA"]),
        ("Jan van der Velde", ["Jan van der Velde", "Velde", "Jan"]),
        ("O'Brien-Lange", ["O'Brien-Lange"]),
        ("مريم حسن", ["مريم", "حسن"]),
    ],
)
def test_each_form_has_a_token_and_comes_back_as_it_was_written(given: str, repeated: list[str]) -> None:
    pseudonyms = Pseudonyms()
    pseudonyms.protect(given, [PersonalSpan("PERSON", 0, len(given), 1.0)])
    learn_forms(pseudonyms)
    learn_forms(pseudonyms)

    for form in repeated:
        kept = concealed(f"Dear {form}, well", pseudonyms.values)
        assert form not in kept
        assert pseudonyms.restore(kept) == f"Dear {form}, well"
    assert len(pseudonyms.values) == len(set(pseudonyms.values.values()))


def test_words_that_are_no_names_have_none() -> None:
    pseudonyms = Pseudonyms({"[PERSON_1]": "Will van Es", "[EMAIL_1]": "mira okonkwo@example.org"})
    learn_forms(pseudonyms)

    assert set(pseudonyms.values.values()) == {"Will van Es", "Will", "mira okonkwo@example.org"}


def test_who_may_repeat_a_name_may_repeat_its_parts_and_those_of_no_other() -> None:
    pseudonyms = Pseudonyms({"[PERSON_1]": "Mira Okonkwo", "[PERSON_2]": "Jan Velde"})
    learn_forms(pseudonyms)
    tokens = {value: token for token, value in pseudonyms.values.items()}

    allowed = with_forms("I am [PERSON_1]", pseudonyms.values)

    assert allowed == f"I am [PERSON_1] {tokens['Mira']} {tokens['Okonkwo']}"
    assert with_forms("I am nobody", pseudonyms.values) == "I am nobody"
