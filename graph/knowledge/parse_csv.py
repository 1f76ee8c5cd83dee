"""Read a table of comma-separated values: questions and answers as sections, any other table as one."""

import csv
import io
from collections.abc import Iterator

from graph.knowledge.document import Block, ParsedDocument, ParseError, Section

MOST_CELL_CHARS = 1_000_000
MOST_ROWS = 200_000
_TITLES = frozenset({"question", "title", "frage", "titel", "heading", "pregunta", "titre"})
_TEXTS = frozenset({"answer", "text", "antwort", "content", "body", "respuesta", "réponse"})


def parse_csv(text: str, title: str) -> ParsedDocument:
    """Read a table whose first row names its columns; `,`, `;`, tab or `|` parts them. Its sections may be empty.

    Raises:
        ParseError: it is no table, or a cell or the table is too large.
    """
    csv.field_size_limit(MOST_CELL_CHARS)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:8192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), dialect):
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
            if len(rows) > MOST_ROWS:
                raise ParseError(f"The table has more than {MOST_ROWS} rows; cut it into several files.")
    except csv.Error as error:
        raise ParseError(f"The table cannot be read near row {len(rows) + 1}; a cell may be too large.") from error
    if len(rows) < 2:
        return ParsedDocument(title, None, ())
    names, *body = rows
    lowered = [name.casefold() for name in names]
    asked = next((at for at, name in enumerate(lowered) if name in _TITLES), None)
    told = next((at for at, name in enumerate(lowered) if name in _TEXTS), None)
    if asked is not None and told is not None:
        return ParsedDocument(title, None, tuple(_answers(names, body, asked, told)))
    return ParsedDocument(title, None, (Section((), (Block("table", _markdown(names, body)),)),))


def _answers(names: list[str], body: list[list[str]], asked: int, told: int) -> Iterator[Section]:
    for row in body:
        cells = row + [""] * (len(names) - len(row))
        named = enumerate(zip(names, cells, strict=False))
        others = "\n".join(f"{name}: {cell}" for at, (name, cell) in named if cell and at not in (asked, told))
        blocks = tuple(Block("text", part) for part in (cells[told], others) if part)
        if blocks:
            yield Section((cells[asked],) if cells[asked] else (), blocks)


def _markdown(names: list[str], body: list[list[str]]) -> str:
    width = max(len(names), *(len(row) for row in body))

    def line(row: list[str]) -> str:
        cells = [" ".join(cell.split()).replace("|", "\\|") for cell in row + [""] * (width - len(row))]
        return f"| {' | '.join(cells)} |"

    return "\n".join([line(names), "|" + " --- |" * width, *map(line, body)])
