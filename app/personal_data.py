"""The kinds of personal data as people name them, and what a site does with each: replace, keep or refuse it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator

from graph.context import PersonalSpan
from graph.errors import VisitorError
from graph.guards.tokens import TYPES
from graph.replies import said

_NAMED = {"CREDIT_CARD": "card"}
KINDS = {_NAMED.get(type_, type_.lower()): type_ for type_ in sorted(TYPES - {"TEXT"})}
"""The type of a finding by the name of its kind."""
Handling = Literal["replace", "keep", "refuse"]


class PersonalDataRefused(VisitorError):
    """Please leave such personal data out of your message."""

    again = False


def _known(names: Iterable[str]) -> None:
    if unknown := next((name for name in names if name not in KINDS), None):
        raise ValueError(f"there is no kind of personal data {unknown}; there are {', '.join(KINDS)}")


def _known_kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    _known(names)
    return tuple(dict.fromkeys(names))


def _known_handling(handling: dict[str, Handling]) -> dict[str, Handling]:
    _known(handling)
    return handling


Kinds = Annotated[tuple[str, ...], AfterValidator(_known_kinds)]
HandlingByKind = Annotated[dict[str, Handling], AfterValidator(_known_handling)]


def types_of(kinds: Iterable[str]) -> frozenset[str]:
    """The types of findings that kinds stand for."""
    return frozenset(KINDS[kind] for kind in kinds)


@dataclass(frozen=True, slots=True)
class Policy:
    """What becomes of findings by their type. What is neither kept nor refused is replaced."""

    kept: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    @classmethod
    def of(cls, handling: Mapping[str, Handling]) -> "Policy":
        """The policy that a table of kinds writes down."""
        return cls(
            types_of(kind for kind, how in handling.items() if how == "keep"),
            types_of(kind for kind, how in handling.items() if how == "refuse"),
        )

    def replaced(self, spans: Iterable[PersonalSpan]) -> list[PersonalSpan]:
        """The findings that get a token: a refused one does, too, where there is nobody to refuse."""
        return [span for span in spans if span.type not in self.kept]

    def keeps_any(self, spans: Iterable[PersonalSpan]) -> bool:
        """Whether one of the findings stays in clear."""
        return any(span.type in self.kept for span in spans)

    def admit(self, found: Iterable[Sequence[PersonalSpan]], language: str) -> None:
        """Refuse a message with these findings, if it holds what may not be sent.

        Raises:
            PersonalDataRefused: its sentence names the kinds, and no value.
        """
        types = {span.type for spans in found for span in spans} & self.refused
        if types:
            named = [said(f"personal_data.{kind}", language) for kind, type_ in KINDS.items() if type_ in types]
            raise PersonalDataRefused(said("personal_data.refused", language, kinds=", ".join(named)))
