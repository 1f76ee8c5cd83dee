"""`parley intents …`, on the real database and with the real encoder."""

from pathlib import Path

import pytest

from tests.app.cli.conftest import Parley

NO_TURN = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
FILE = """
[[intent]]
name = "delivery"
route = "answer"
examples = ["where is my parcel", "when is it delivered", "track my order", "has my package been sent"]

[[intent]]
name = "praise"
route = "reply"
reply = "Thank you!"
examples = ["lovely shop", "you are great", "what a nice store", "I love your products"]

[out_of_scope]
examples = ["what is the capital of France", "tell me a joke"]
"""


@pytest.fixture
def shop(parley: Parley, tmp_path: Path) -> Parley:
    (tmp_path / "intents.toml").write_text(FILE, encoding="utf-8")
    assert parley("site", "add", "shop").code == 0
    return parley


def test_versions_are_trained_listed_reported_and_chosen(shop: Parley) -> None:
    assert "starter set" in shop("intents", "list", "--site", "shop").out
    tried = shop("intents", "train", "intents.toml", "--site", "shop", "--try", "--json")
    assert (tried.code, tried.lines[0]["examples"], tried.lines[0]["strange"]) == (0, 8, 2)
    assert shop("intents", "list", "--site", "shop", "--json").lines == []
    made = shop("intents", "train", "intents.toml", "--site", "shop")
    assert "uses version 1 of its intents" in made.out
    assert "delivery has 4" in made.out
    assert shop("intents", "report", "--site", "shop", "--json").lines == tried.lines
    listed = shop("intents", "list", "--site", "shop", "--json").lines
    assert [(each["version"], each["used"]) for each in listed] == [(1, True)]
    said = shop("classify", "what a lovely shop you are", "--site", "shop").lines[0]
    assert (said["intent"], said["route"]) == ("praise", "reply")
    assert shop("intents", "use", "starter", "--site", "shop").code == 0
    assert shop("classify", "hello", "--site", "shop").lines[0]["intent"] == "greeting"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["train", "gone.toml", "--site", "shop"], 2, "gone.toml cannot be read"),
        (["use", "7", "--site", "shop"], 1, "has no version 7"),
        (["use", "last", "--site", "shop"], 2, "number of a version"),
        (["report", "--site", "shop"], 1, "uses the starter set"),
        (["list", "--site", "gone"], 1, "no site gone"),
        (["correct", NO_TURN, "thanks", "--site", "shop"], 1, "has no turn"),
        (["correct", NO_TURN, "singing", "--site", "shop"], 1, "has no intent singing"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(shop: Parley, arguments: list[str], code: int, said: str) -> None:
    ran = shop("intents", *arguments)

    assert (ran.code, len(ran.err.splitlines())) == (code, 1)
    assert said in ran.err
