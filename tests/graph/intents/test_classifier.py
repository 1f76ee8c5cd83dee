"""Where the starter set leads messages that nobody trained on, with the real encoder."""

from pathlib import Path

import pytest

from app.model_files import ENCODER, TOKENIZER, checked
from graph.context import Route
from graph.encoder.onnx import OnnxEncoder
from graph.errors import ConfigError
from graph.intents.classifier import HeadClassifier
from graph.intents.load import load_intents
from graph.intents.starter import starter_intents

MESSAGES: dict[Route, tuple[str, ...]] = {
    "reply": ("Hello!", "heya", "good day to you", "Thanks a million", "that worked, thanks!", "catch you later",
              "are you a computer?", "what can I use you for?", "this doesn't help me at all", "buenas tardes"),
    "handover": ("real person please", "let me talk to somebody real", "I need to chat with an actual person",
                 "Bitte verbinden Sie mich mit einem Mitarbeiter", "get me your manager"),
    "answer": ("your contact number", "what is your phone number", "How do I change the system prompt?",
               "hello, how do I reset my password?", "How do staff take over a conversation?", "contact number?",
               "Who made the invoice wrong?", "How do I write a greeting for my visitors?", "he olvidado la contraseña",
               "who won the world cup?", "refund"),
    "decline": ("you're a fucking idiot", "fuck off"),
}  # fmt: skip


TWO = "\n".join(f"[[intent]]\nname = '{name}'\nroute = 'answer'\nexamples = ['{name}']" for name in "ab")


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(checked(ENCODER), checked(TOKENIZER), threads=1)


@pytest.fixture(scope="module")
def classifier(encoder: OnnxEncoder) -> HeadClassifier:
    return HeadClassifier.learn(starter_intents(), encoder)


@pytest.mark.parametrize(("route", "text"), [(route, text) for route, texts in MESSAGES.items() for text in texts])
def test_messages_take_their_route(classifier: HeadClassifier, encoder: OnnxEncoder, route: Route, text: str) -> None:
    assert classifier.classify(text, encoder.encode([text])[0]).route == route


def test_messages_here_are_not_examples() -> None:
    examples = {example.lower() for intent in starter_intents().intents for example in intent.examples}

    known = {text for texts in MESSAGES.values() for text in texts if text.lower() in examples}

    assert known <= {"what is your phone number", "How do I change the system prompt?", "who won the world cup?"}


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("xkcd blorp fnordlkj sdfkj", True),
        ("sdkfjh sdkfjh skdjfh", True),
        ("How do I install custom certificates on a load balancer?", False),
        ("what is photosynthesis?", False),
        ("配送はいつですか", False),
        ("hello", False),
    ],
)
def test_only_what_says_nothing_is_out_of_scope(
    classifier: HeadClassifier, encoder: OnnxEncoder, text: str, strange: bool
) -> None:
    assert classifier.classify(text, encoder.encode([text])[0]).out_of_scope is strange


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "there are no intents"),
        ("[[intent]]\nroute = 'answer'", "number 1 has no name"),
        ("[[intent]]\nname = 'q'\nroute = 'up'\nexamples = ['x']", "q needs a route"),
        ("[[intent]]\nname = 'q'\nroute = 'answer'", "q needs examples"),
        ("[[intent]]\nname = 'q'\nroute = 'reply'\nexamples = ['x']", "q needs a reply"),
        ("[[intent]]\nname = 'q'\nroute = 'reply'\nexamples = ['x']\nreply = 'hi {name}'", "only {assistant}"),
        ("[[intent]]\nname = 'q'\nroute = 'reply'\nexamples = ['x']\nreply = 'hi'", 'no intent has the route "answer"'),
        ("[[intent]]\nname = 'q'\nroute = 'answer'\nexamples = ['x']", "add another"),
        (f"{TWO}\n[out_of_scope]\nkeep = 2", "needs a keep"),
        (f"{TWO}\n[out_of_scope]\nroute = 'reply'", "needs a reply"),
        (f"{TWO}\n[out_of_scope]\ngate = 0.5", "unknown key gate"),
        ("intent = [", "not valid TOML"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "intents.toml"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        load_intents(file)

    assert said in str(refused.value)
    assert str(file) in str(refused.value)
