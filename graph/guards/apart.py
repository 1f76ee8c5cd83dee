"""Spans that several recognizers found, made one list without overlaps."""

from collections.abc import Iterable

from graph.context import PersonalSpan

SMALLEST = 2
"""What is left of a span that another one cut must hold so many letters or digits."""
_NUMBERS = frozenset({"CREDIT_CARD", "IBAN", "IP", "NATIONAL_ID", "PHONE"})
"""What is left of one of these without a digit is nothing."""


def apart(text: str, spans: Iterable[PersonalSpan]) -> list[PersonalSpan]:
    """Return spans that do not overlap, by start, and cover what the given ones cover.

    Where spans of one type overlap they are joined. Where types differ, the likelier span, then the longer, stays
    whole, and what it leaves of the other is kept if it still holds a word or, of a number, a digit. Time grows with
    the spans' total length.
    """
    ordered = sorted(spans, key=lambda each: (-each.score, each.start - each.end, each.start))
    owners = [-1] * len(text)
    for number, span in enumerate(ordered):
        for place in range(span.start, span.end):
            if owners[place] < 0:
                owners[place] = number
    whole = {(span.start, span.end) for span in ordered}
    result: list[PersonalSpan] = []
    start = 0
    while start < len(text):
        if owners[start] < 0:
            start += 1
            continue
        first = ordered[owners[start]]
        end, score = start, first.score
        while end < len(text) and owners[end] >= 0 and ordered[owners[end]].type == first.type:
            score = max(score, ordered[owners[end]].score)
            end += 1
        begin, last = (start, end) if (start, end) in whole else _trimmed(text, start, end)
        if (begin, last) in whole or _holds(first.type, text[begin:last]):
            result.append(PersonalSpan(first.type, begin, last, score))
        start = end
    return result


def _holds(type_: str, left: str) -> bool:
    return sum(map(str.isalnum, left)) >= SMALLEST and (type_ not in _NUMBERS or any(map(str.isdigit, left)))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without spaces and marks at the ends, which the cut left."""
    while start < end and text[start] in " \n\t,.;:-":
        start += 1
    while start < end and text[end - 1] in " \n\t,.;:-":
        end -= 1
    return start, end
