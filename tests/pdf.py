"""Small PDFs, written by hand."""

import io
from collections.abc import Sequence

from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject


def line(text: str, x: int, y: int) -> str:
    """One line of text at a place on the page, in points from the lower left."""
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /F1 11 Tf {x} {y} Td ({escaped}) Tj ET"


def ruled(rows: Sequence[Sequence[str]], top: int) -> str:
    """A table with lines around its cells."""
    drawn = []
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            x, y = 60 + 120 * column, top - 20 * at
            drawn += [f"{x} {y - 6} 120 20 re S", line(cell, x + 4, y)]
    return "\n".join(drawn)


def pdf(*pages: str, bookmarks: Sequence[tuple[str, int]] = (), password: str = "", script: str = "") -> bytes:
    """A PDF of these content streams; a bookmark names its page from 0."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for at, content in enumerate(pages):
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * at} 0 R >>"
        )
        objects.append(f"<< /Length {len(content.encode('latin-1'))} >>\nstream\n{content}\nendstream")
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{each}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    if not (bookmarks or password or script):
        return bytes(out)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(out)))
    for title, page in bookmarks:
        writer.add_outline_item(title=title, page_number=page)
    if script:
        action = DictionaryObject(
            {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(script)}
        )
        writer.root_object[NameObject("/OpenAction")] = action
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()
