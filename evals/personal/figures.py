"""How well a finder does on texts of which its head has seen no relatives, with 95 % intervals."""

from collections.abc import Iterator, Sequence
from statistics import fmean

from evals.personal.texts import IGNORED, Marked
from evals.privacy import counted, shares
from evals.table import resampled
from graph.context import PersonalDataFinder

WITHOUT_PLACES = (IGNORED, "PLACE", "URL")


def figures(texts: Sequence[Marked], finder: PersonalDataFinder) -> Iterator[dict[str, object]]:
    """One row for each source."""
    for source in sorted({text.source for text in texts}):
        of_source = [text for text in texts if text.source == source]
        if any(text.spans for text in of_source):
            yield _marked(source, of_source, finder)
        else:
            touched = [bool(finder.find(text.text)) for text in of_source]
            share = resampled(touched, fmean)
            yield {"set": source, "n": len(of_source), "touched": sum(touched) / len(touched), "touched 95 %": share}


def _marked(source: str, texts: Sequence[Marked], finder: PersonalDataFinder) -> dict[str, object]:
    found = [finder.find(text.text) for text in texts]
    counts = [counted(text.text, text.spans, spans, (IGNORED,)) for text, spans in zip(texts, found, strict=True)]
    without = [counted(text.text, text.spans, spans, WITHOUT_PLACES) for text, spans in zip(texts, found, strict=True)]
    precision, recall, f2 = shares(counts)
    touched = [
        any(each.start < end and each.end > start for each in spans)
        for text, spans in zip(texts, found, strict=True)
        for start, end, label in text.spans
        if label != IGNORED
    ]
    clean = [bool(spans) for text, spans in zip(texts, found, strict=True) if not text.spans]
    return {
        "set": source, "n": len(texts), "f2": f2, "f2 95 %": resampled(counts, lambda each: shares(each)[2]),
        "precision": precision, "precision 95 %": resampled(counts, lambda each: shares(each)[0]), "recall": recall,
        "f2 without places and addresses of pages": shares(without)[2], "spans touched": sum(touched) / len(touched),
        "clean": len(clean), "clean touched": sum(clean) / max(1, len(clean)),
    }  # fmt: skip
