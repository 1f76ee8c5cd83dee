"""The suite of the search, on a folder that has one small set."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.tables import Document
from app.model_files import ENCODER, TOKENIZER, checked
from app.settings import Knowledge
from evals.retrieval import measure_retrieval, table
from evals.retrieval_sets import SETS, first, follow_ups, guide, in_five, ndcg_at_10
from graph.encoder.onnx import OnnxEncoder
from graph.knowledge.document import ParsedDocument
from graph.knowledge.parse import parse_record


@pytest.mark.parametrize(
    ("found", "gained"),
    [(["a", "b"], 1.0), (["b", "a"], 0.6309), (["b", "c"], 0.0), ([], 0.0), (["b"] * 10 + ["a"], 0.0)],
)
def test_ndcg(found: list[str], gained: float) -> None:
    assert ndcg_at_10(found, frozenset("a")) == pytest.approx(gained, abs=1e-4)


def test_hits() -> None:
    found = ["b", "c", "d", "e", "a", "f"]

    assert (first(found, frozenset("b")), first(found, frozenset("a")), first([], frozenset("a"))) == (1, 0, 0)
    assert (in_five(found, frozenset("a")), in_five(found, frozenset("f"))) == (1, 0)


def test_every_follow_up_names_sections_that_the_guide_has() -> None:
    pages = {each["id"]: each for each in guide(Path())}
    headings = {
        f"{name}: {section.path[-1]}"
        for name, record in pages.items()
        for section in _parsed(record["text"]).sections
        if section.path
    }
    asked = follow_ups(Path())

    assert {section for each in asked for section in each.right} <= headings
    assert len(asked) >= 30
    assert 10 < sum(each.kept_back for each in asked) < len(asked) - 10


def _parsed(text: str) -> ParsedDocument:
    return parse_record("", text, None)


async def test_a_set_is_measured_in_a_site_that_is_gone_afterwards(
    sessions: async_sessionmaker[AsyncSession], tmp_path: Path
) -> None:
    folder = tmp_path / "retrieval/stackfaq"
    folder.mkdir(parents=True)
    pages = {"refunds": "Refunds are paid within two weeks.", "parcels": "Parcels arrive on Monday."}
    (folder / "corpus.jsonl").write_text(
        "\n".join(json.dumps({"id": key, "title": "", "text": text}) for key, text in pages.items())
    )
    asked = {"When is my money back?": "refunds", "When does my parcel come?": "parcels", "refund": "parcels"}
    (folder / "queries.dev.jsonl").write_text(
        "\n".join(
            json.dumps({"id": f"q{at}", "text": text, "relevant": [right]})
            for at, (text, right) in enumerate(asked.items())
        )
    )
    encoder = OnnxEncoder(checked(ENCODER), checked(TOKENIZER))
    sets = [each for each in SETS if each.name in ("stackfaq", "scifact")]

    results = [each async for each in measure_retrieval(sessions, encoder, Knowledge(), tmp_path, sets=sets)]

    assert [(each.name, each.chunks) for each in results] == [("scifact", 0), ("stackfaq", 2)]
    ((_, values),) = results[1].values.items()
    assert values == pytest.approx([1, 1, 0.6309], abs=1e-4)
    header, missing, row = table(results)
    assert missing.split()[:4] == ["scifact", "nDCG@10", "-", "0"]
    assert row.split()[:2] == ["stackfaq", "nDCG@10"]
    assert "0.877" in row
    assert header.index("target") + len("target") == row.index("0.95") + len("0.95")
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Document)) == 0
