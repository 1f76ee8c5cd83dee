"""Our own pages look harmless to our own screen: a marked one would never be quoted."""

from app.guide import GUIDE
from app.loading import load_encoder, load_passage_screen
from app.settings import Settings
from graph.knowledge.parse import parse_file
from graph.knowledge.split import split


def test_no_passage_of_the_guide_seems_to_hold_instructions() -> None:
    settings = Settings()
    encoder = load_encoder(settings)
    screen = load_passage_screen(encoder)
    marked, looked_at = [], 0
    for page in sorted(GUIDE.rglob("*.md")):
        document = parse_file(page.name, page.read_bytes())
        chunks = split(document, chunk_tokens=settings.knowledge.chunk_tokens, count=encoder.count_tokens)
        findings = screen.judge([chunk.text for chunk in chunks], [chunk.above for chunk in chunks])
        looked_at += len(findings)
        marked += [f"{page.name}: {found.piece}" for found in findings if found.suspicious]

    assert marked == []
    assert looked_at > 100
