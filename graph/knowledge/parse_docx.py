"""Read a Word document: headings, lists and tables, by way of HTML. Pictures and macros are left out."""

import io
import zipfile

import mammoth

from graph.knowledge.document import ParsedDocument, ParseError
from graph.knowledge.read_html import read_html

MOST_UNPACKED_BYTES = 100_000_000
_STYLES = "p[style-name='Title'] => h1:fresh"


def parse_docx(data: bytes, fallback_title: str) -> ParsedDocument:
    """Read a `.docx` file. Its sections may be empty. Its title is its first heading where nothing stands above it.

    Raises:
        ParseError: it is no Word document, unpacks to more than `MOST_UNPACKED_BYTES`, or declares XML entities.
    """
    try:
        _refuse_traps(data)
        converted = mammoth.convert_to_html(io.BytesIO(data), convert_image=lambda _: [], style_map=_STYLES)
    except ParseError:
        raise
    except RecursionError as error:
        raise ParseError("The Word document is nested too deeply to be read.") from error
    except Exception as error:  # mammoth raises what its XML reader and its own assumptions raise
        raise ParseError("The file is not a Word document that can be read; save it anew as .docx.") from error
    sections = read_html(converted.value, only_main=False)
    title = sections[0].path[0] if sections and sections[0].path else ""
    return ParsedDocument(title or fallback_title, None, tuple(each.without_title(title) for each in sections))


def _refuse_traps(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED_BYTES:
            raise ParseError(f"The Word document unpacks to more than {MOST_UNPACKED_BYTES // 1_000_000} MB.")
        for entry in archive.infolist():
            if entry.filename.endswith((".xml", ".rels")):
                with archive.open(entry) as part:
                    head = part.read(4096).replace(b"\x00", b"")  # UTF-16 hides no declaration
                if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                    raise ParseError("The Word document declares XML entities, which no word processor writes.")
