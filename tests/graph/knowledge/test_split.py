"""Cutting documents into passages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.knowledge.document import Block, ParsedDocument, Section
from graph.knowledge.parse import parse_file
from graph.knowledge.plain import plain_text
from graph.knowledge.split import Chunk, split


def words(text: str) -> int:
    return len(text.split())


def cut(markdown: str, chunk_tokens: int = 40) -> list[Chunk]:
    return split(parse_file("doc.md", markdown.encode()), chunk_tokens=chunk_tokens, count=words)


def sentence(number: int, length: int = 10) -> str:
    return f"Sentence {number} " + "word " * (length - 3) + "end."


LONG = " ".join(sentence(number) for number in range(8))


def test_every_section_is_its_own_chunk_with_its_headings() -> None:
    chunks = cut(f"# Guide\n\n{sentence(1)}\n\n## Plans\n\n{sentence(2)}\n\n### Trial\n\n{sentence(3)}")

    assert [chunk.heading for chunk in chunks] == ["Guide", "Guide > Plans", "Guide > Plans > Trial"]
    assert chunks[2].embedded == f"Guide > Plans > Trial\n{sentence(3)}"


def test_a_section_of_a_few_words_stays_with_the_part_below_it() -> None:
    chunks = cut(f"# Guide\n\n{sentence(1)}\n\n## Plans\n\nThese exist:\n\n### Trial\n\n{sentence(3)}")

    assert [chunk.heading for chunk in chunks] == ["Guide", "Guide > Plans"]
    assert chunks[1].text == f"These exist:\n\n**Trial**\n\n{sentence(3)}"


def test_a_section_of_a_few_words_keeps_apart_from_its_neighbour() -> None:
    chunks = cut(f"# Guide\n\n## Fax\n\nWe have none.\n\n## Phone\n\n{sentence(3)}")

    assert [(chunk.heading, chunk.text) for chunk in chunks] == [
        ("Guide > Fax", "We have none."),
        ("Guide > Phone", sentence(3)),
    ]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    chunks = cut(f"# G\n\n{LONG}")

    assert len(chunks) == 3
    assert all(chunk.text.endswith("end.") for chunk in chunks)
    assert " ".join(chunk.text for chunk in chunks).split() == LONG.split()


def test_a_list_stays_with_the_line_that_introduces_it() -> None:
    items = "\n".join(f"- item {number} is here" for number in range(5))
    chunks = cut(f"# G\n\n{sentence(1, 20)}\n\nDo this:\n\n{items}")

    assert [chunk.text for chunk in chunks] == [sentence(1, 20), f"Do this:\n\n{items}"]


def test_a_long_table_is_cut_between_rows_and_repeats_its_header() -> None:
    rows = "\n".join(f"| plan {number} | costs {number} |" for number in range(20))
    chunks = cut(f"# G\n\n| Name | Price |\n| --- | --- |\n{rows}")

    assert len(chunks) > 2
    assert all(chunk.text.startswith("| Name | Price |\n| --- | --- |\n| plan") for chunk in chunks)
    assert sum(chunk.text.count("| plan") for chunk in chunks) == 20


def test_long_code_is_cut_between_lines_and_keeps_its_fence() -> None:
    code = "\n".join(f"call({number}, 'a b c')" for number in range(30))
    chunks = cut(f"# G\n\n```python\n{code}\n```")

    assert len(chunks) > 2
    assert all(chunk.text.startswith("```python\ncall(") and chunk.text.endswith(")\n```") for chunk in chunks)
    assert sum(chunk.text.count("call(") for chunk in chunks) == 30


@pytest.mark.parametrize("text", ["x" * 50_000, "word " * 5_000, "- a\n" * 3_000, "| a |\n|---|\n" + "| b |\n" * 3_000])
def test_text_without_a_good_place_is_cut_all_the_same(text: str) -> None:
    chunks = split(parse_file("doc.md", text.encode()), chunk_tokens=50, count=lambda part: len(part) // 4 + 1)

    assert len(chunks) > 10
    assert max(len(chunk.text) for chunk in chunks) <= 50 * 4 + 20


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("ABCD"), max_size=3).map(tuple),
            st.lists(st.integers(1, 150), min_size=1, max_size=5),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_word_is_lost_and_no_chunk_is_too_long(shape: list[tuple[tuple[str, ...], list[int]]]) -> None:
    number = iter(range(10_000))
    sections = tuple(
        Section(path, tuple(Block("text", " ".join(f"w{next(number)}" for _ in range(size))) for size in sizes))
        for path, sizes in shape
    )
    chunks = split(ParsedDocument("Title", None, sections), chunk_tokens=60, count=words)

    found = [word for chunk in chunks for word in chunk.text.split() if word.startswith("w")]
    assert found == [f"w{place}" for place in range(len(found))]
    assert len(found) == next(number)
    assert max(words(chunk.embedded) for chunk in chunks) <= 60


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("See [the plans](plans.md) now.", "See the plans now."),
        ("![A chart](a.png) shows **much** of it.", "A chart shows much of it."),
        ("```sh\nls -la\n```", "ls -la"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n| 1 | 2 |"),
        ("> quoted\n\n### Heading", "quoted\n\nHeading"),
        ("2 * 3 ** 4 and snake_case__name", "2 * 3 ** 4 and snake_case__name"),
        ("a < b and c > d", "a < b and c > d"),
    ],
)
def test_plain_text_leaves_the_words(markdown: str, plain: str) -> None:
    assert plain_text(markdown) == plain
