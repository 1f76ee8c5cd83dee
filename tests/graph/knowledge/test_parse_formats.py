"""PDF, Word and tables of comma-separated values, read into sections."""

import pytest

from graph.knowledge.document import ParsedDocument, ParseError
from graph.knowledge.parse import parse_file
from tests.pdf import line, pdf, ruled
from tests.word import docx, paragraph, table


def outline(document: ParsedDocument) -> list[tuple[tuple[str, ...], int | None, list[str]]]:
    return [(each.path, each.page, [block.text for block in each.blocks]) for each in document.sections]


def test_a_pdf_is_read_page_by_page_with_its_bookmarks_as_headings() -> None:
    first = "\n".join(
        [line("Delivery", 60, 700), line("Parcels take two days to ar-", 60, 680), line("rive.", 60, 666)]
    )
    second = "\n".join([line("Returns", 60, 700), line("Send it back within a month.", 60, 680), line("2", 300, 30)])

    document = parse_file("shop-terms.pdf", pdf(first, second, bookmarks=[("Delivery", 0), ("Returns", 1)]))

    assert document.title == "Shop terms"
    assert outline(document) == [
        (("Delivery",), 1, ["Parcels take two days to arrive."]),
        (("Returns",), 2, ["Send it back within a month."]),
    ]


def test_a_ruled_table_of_a_pdf_is_exact_and_its_text_is_not_repeated() -> None:
    page = (
        line("What each plan costs.", 60, 740) + "\n" + ruled([("Plan", "Price"), ("Basic", "9 USD"), ("Pro", "")], 700)
    )

    document = parse_file("prices.pdf", pdf(page))

    assert [(block.kind, block.text) for block in document.sections[0].blocks] == [
        ("text", "What each plan costs."),
        ("table", "| Plan | Price |\n| --- | --- |\n| Basic | 9 USD |\n| Pro |  |"),
    ]


def test_a_word_document_keeps_headings_and_tables() -> None:
    body = paragraph("Handbook", "Heading1") + paragraph("Ask us.") + paragraph("Hours", "Heading2")

    document = parse_file("a.docx", docx(body + table(("Day", "Open"), ("Monday", "9 to 5"))))

    assert document.title == "Handbook"
    assert outline(document) == [
        ((), None, ["Ask us."]),
        (("Hours",), None, ["| Day | Open |\n| --- | --- |\n| Monday | 9 to 5 |"]),
    ]


@pytest.mark.parametrize("parted_by", [",", ";", "\t"])
def test_questions_and_answers_become_sections(parted_by: str) -> None:
    rows = [("Question", "Answer", "Area"), ("How long?", "Two days.", "Delivery"), ("Where?", "Everywhere.", "")]
    text = "\n".join(parted_by.join(row) for row in rows)

    assert outline(parse_file("faq.csv", text.encode())) == [
        (("How long?",), None, ["Two days.", "Area: Delivery"]),
        (("Where?",), None, ["Everywhere."]),
    ]


def test_any_other_table_stays_one() -> None:
    document = parse_file("plans.csv", b'Plan,Price\nBasic,"9 USD | month"\nPro,29 USD\n')

    assert outline(document) == [
        ((), None, ["| Plan | Price |\n| --- | --- |\n| Basic | 9 USD \\| month |\n| Pro | 29 USD |"])
    ]


def test_a_scan_is_named_as_one() -> None:
    with pytest.raises(ParseError, match="may be a scan"):
        parse_file("a.pdf", pdf("0 0 10 10 re f"))
