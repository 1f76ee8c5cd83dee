"""How long the guards take over one message: personal data and injected instructions, with the one encoder pass.

Presidio as it comes, with the small spaCy model, reads the same messages in turn with them, so that both meet the same
machine.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

from evals.data import read_jsonl
from graph.context import Encoder, InjectionScreen, PersonalDataFinder

CHARS = 300
"""About the length of a message, made of whole questions."""
MESSAGES = 100
WARM_UP = 10
LANGUAGE = "en"


def guarding_time(
    data: Path, encoder: Encoder, finder: PersonalDataFinder, screen: InjectionScreen, spacy_model: Path
) -> Iterator[dict[str, object]]:
    """Median milliseconds for a message.

    Args:
        encoder: the one by which the finder reads; a message that it has just read is not encoded again.
        spacy_model: folder of the small spaCy model.
    """

    def guarded(text: str) -> object:
        return finder.find(text), screen.judge(text, encoder.encode([text])[0])

    analyzer = _presidio(spacy_model)

    def presidio(text: str) -> object:
        return analyzer.analyze(text, language=LANGUAGE)

    readers: dict[str, Callable[[str], object]] = {
        "personal data, injection and the encoder's pass": guarded,
        "Presidio alone with the small spaCy model": presidio,
    }
    took: dict[str, list[float]] = {name: [] for name in readers}
    for message in messages(data):
        for name, read in readers.items():
            began = time.perf_counter()
            read(message)
            took[name].append((time.perf_counter() - began) * 1000)
    for name, each in took.items():
        yield {"set": f"{CHARS} characters, {name}", "n": len(each) - WARM_UP, "ms": median(each[WARM_UP:])}


def messages(data: Path) -> list[str]:
    """Different messages of about `CHARS` characters, from questions that customers of a bank asked."""
    made, message = [], ""
    for row in read_jsonl(data / "intent" / "banking77_oos" / "dev.jsonl"):
        message = f"{message} {row['text'].strip()}".strip()
        if len(message) >= CHARS:
            made.append(message)
            message = ""
        if len(made) == MESSAGES + WARM_UP:
            break
    return made


def _presidio(spacy_model: Path) -> AnalyzerEngine:
    """Presidio with all its own recognizers. For an e-mail address it would ask the network; the messages have none."""
    models = [{"lang_code": LANGUAGE, "model_name": str(spacy_model)}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    return AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=[LANGUAGE])
