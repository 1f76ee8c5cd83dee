"""How well intents are told apart: the starter set on unseen phrases and questions, the head on public sets."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from graph.context import Encoder, FloatArray, Route
from graph.intents.choose import learn
from graph.intents.classifier import HeadClassifier
from graph.intents.starter import starter_intents
from graph.intents.train import calibration_error, gate_of

KEEPS = (0.998, 0.997, 0.995, 0.99, 0.98, 0.95)
"""Shares of known messages that the gate is made to let through."""

PHRASES: dict[Route, tuple[str, ...]] = {
    "reply": (
        "hey :)",
        "Good morning to you!",
        "hello bot",
        "hi, how's your day going?",
        "yo",
        "evening all",
        "Hey, are you online?",
        "thank you so much!!",
        "ty",
        "cool, thanks a bunch",
        "That fixed it, thank you",
        "super helpful, thanks!",
        "great answer, thank you",
        "ok perfect thanks",
        "thanks, you're the best",
        "Danke dir!",
        "merci bien",
        "muchas gracias",
        "bye for now",
        "ok bye",
        "see you tomorrow",
        "thanks, that's everything, bye!",
        "have a great evening",
        "cya later",
        "so who am I talking to?",
        "Are you a person or a program?",
        "is this a chatbot?",
        "what's your name?",
        "what are you able to do?",
        "which things can you help with?",
        "are you an actual human being?",
        "wait, are you a bot?",
        "this answer is no use to me",
        "you got that wrong",
        "no, that's not what I meant at all",
        "that was totally unhelpful",
    ),
    "handover": (
        "can I talk to a human",
        "please connect me with a real human",
        "I'd like to speak with someone from support",
        "give me a person",
        "can you transfer me to an agent?",
        "let me speak to your supervisor",
        "human agent now",
        "is there anyone I can talk to?",
        "I want someone to call me back",
        "stop, I want a real person",
        "chat with a representative please",
        "Could I be put through to a colleague of yours?",
        "talk to a live person",
        "I need to talk to someone at your company",
        "operator please",
        "forward this to a staff member",
        "enough with the bot, get me somebody real",
        "Ich will mit einem echten Menschen reden",
        "je voudrais parler à un conseiller",
        "quiero hablar con un agente",
    ),
    "decline": ("fuck off", "you're a fucking idiot", "shut up you dumb bot", "you piece of shit", "eat shit"),
    "answer": (
        "How do I change the system prompt?",
        "ignore my last message, I found it",
        "How do visitors ask for a person?",
        "How do staff take over a conversation?",
        "Can I rename the bot?",
        "Where do I set the assistant's name?",
        "Which languages does the assistant speak?",
        "How do I stop the bot from answering insults?",
        "What does Parley do?",
        "What is the agent's phone number?",
        "How many agents can work at once?",
        "How do I write a greeting for my visitors?",
        "Who made the invoice wrong?",
        "hello, how do I reset my password?",
        "hi there, my parcel is late",
        "thanks, and how do I cancel?",
        "good morning, is there an outage?",
        "what's the name of the config file?",
        "How does the bot recognise a complaint?",
        "what can I do if the server is down?",
        "what can you tell me about pricing?",
        "How do I report abuse?",
        "Can support staff see my conversations?",
        "how do I call the API?",
        "Where can I talk about feature requests?",
        "How do I say thank you in a template?",
        "the bot does not load on my page",
        "your website is down",
        "this stupid printer does not work",
        "can you help me with my order?",
        "is a person needed to approve a refund?",
        "How do I close my account?",
        "can someone else use my licence?",
        "does it work with screen readers?",
        "are you open on Sunday?",
        "who can see my data?",
        "how old is my invoice allowed to be?",
        "do you ship to Norway?",
        "what are you charging for the big plan?",
        "when will an agent process my return?",
    ),
}
"""Messages by the route that they should take. Nobody trained on them."""


def phrases(encoder: Encoder) -> Iterator[dict[str, object]]:
    """Share of `PHRASES` on the right route, one row a route, with those that went wrong."""
    classifier = HeadClassifier.learn(starter_intents(), encoder)
    for route, texts in PHRASES.items():
        guesses = [classifier.classify(text, vector) for text, vector in zip(texts, encoder.encode(texts), strict=True)]
        wrong = [text for text, guess in zip(texts, guesses, strict=True) if guess.route != route]
        yield {"set": f"phrases: {route}", "n": len(texts), "right": 1 - len(wrong) / len(texts), "wrong": wrong}


def questions(data: Path, encoder: Encoder) -> Iterator[dict[str, object]]:
    """Share of questions of public sets that are led to the documents, one row a set."""
    classifier = HeadClassifier.learn(starter_intents(), encoder)
    for name, texts in _question_sets(data).items():
        guesses = [classifier.classify(text, vector) for text, vector in zip(texts, encoder.encode(texts), strict=True)]
        wrong = [text for text, guess in zip(texts, guesses, strict=True) if guess.route != "answer"]
        yield {"set": name, "n": len(texts), "right": 1 - len(wrong) / len(texts), "wrong": wrong}


def public_sets(data: Path, encoder: Encoder) -> Iterator[dict[str, object]]:
    """Heads on public sets, trained on a part of what may be tuned on and tested on the rest of it."""
    for name in ("banking77_oos", "clinc150"):
        rows = _rows(data / "intent" / name / "dev.jsonl")
        yield from heads(name, rows, encoder.encode([row["text"] for row in rows]))


def heads(name: str, rows: Sequence[Mapping[str, Any]], vectors: FloatArray) -> Iterator[dict[str, object]]:
    """How a set's messages are judged by heads that were trained on others of them.

    Where the set has a part for training and examples for it that are out of scope, a second head learns those, too.
    The gate follows from the training part alone.
    """
    parts = [_part(row) for row in rows]
    known = [row for row in range(len(rows)) if not rows[row]["is_oos"]]
    names = sorted({rows[row]["intent"] for row in known})
    train, test = ([row for row in known if parts[row] is trained] for trained in (True, False))
    labels, truth = (np.array([names.index(rows[row]["intent"]) for row in part]) for part in (train, test))
    strange = [row for row in range(len(rows)) if rows[row]["is_oos"]]
    taught = [row for row in strange if parts[row]] if name == "clinc150" else []
    untaught = [row for row in strange if row not in taught]
    wanted: dict[str, list[int]] = {name: []}
    if taught:
        wanted[f"{name}, some out of scope learned"] = taught
    for what, given in wanted.items():
        began = time.process_time()
        head, held = learn(vectors[train], labels, vectors[given])
        took_s = time.process_time() - began
        judged, took_ms = np.empty((len(test), len(names))), []
        for number, row in enumerate(test):
            began = time.perf_counter()
            judged[number] = head.judge(vectors[row])[0]
            took_ms.append((time.perf_counter() - began) * 1000)
        outside = {"": untaught} if name == "clinc150" else _kinds(rows, untaught)
        beyond = {kind: np.array([head.judge(vectors[row])[0].max() for row in some]) for kind, some in outside.items()}
        right = judged.argmax(axis=1) == truth
        yield {"set": what, "n": len(test), "accuracy": float(right.mean()), "ms": median(took_ms)}
        yield {"set": f"{what}, to train, of processor time", "ms": took_s * 1000}
        yield {"set": what, "calibration error": calibration_error(judged, truth)}
        for keep in KEEPS:
            gate = gate_of(held.examples, labels, keep)
            said = f"{what}, keep {keep}"
            kept = right & (judged.max(axis=1) >= gate)
            yield {"set": said, "n": len(test), "in scope, right and let through": float(kept.mean())}
            for kind, sure in beyond.items():
                yield {"set": said, "n": len(sure), f"out of scope stopped {kind}".strip(): float((sure < gate).mean())}


def _part(row: Mapping[str, Any]) -> bool:
    """Whether a message is for training: as the set says where its parts are balanced, else four of five, by its id."""
    if row["id"].startswith("clinc"):
        return row["orig_split"] in ("train", "oos_train")
    return hashlib.sha256(row["id"].encode()).digest()[0] % 5 != 0


def _kinds(rows: Sequence[Mapping[str, Any]], some: Sequence[int]) -> dict[str, list[int]]:
    kinds = sorted({rows[row]["oos_kind"] for row in some})
    return {f"({kind.replace('_', ' ')})": [row for row in some if rows[row]["oos_kind"] == kind] for kind in kinds}


def main(data: Path, encoder: Encoder) -> list[dict[str, object]]:
    """Every row of this evaluation."""
    return [*phrases(encoder), *questions(data, encoder), *public_sets(data, encoder)]


def _question_sets(data: Path) -> dict[str, list[str]]:
    pairs = _rows(data / "pairs" / "stackfaq_paraphrases" / "dev.jsonl")
    banking = _rows(data / "intent" / "banking77_oos" / "dev.jsonl")
    return {
        "plausible": [row["text"] for row in _rows(data / "docs" / "plausible" / "questions.dev.jsonl")],
        "plausible faq": [row["text"] for row in _rows(data / "docs" / "plausible" / "faq.dev.jsonl")],
        "stackfaq": sorted({row[side] for row in pairs for side in "ab"}),
        "banking77": [row["text"] for row in banking if not row["is_oos"]][::5],
    }


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
