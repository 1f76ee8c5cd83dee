"""Hostile documents: each is named with a reason, harms nothing, and the document after it is read all the same."""

import io
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from app.ingest.archive import ArchiveSource
from app.ingest.files import Given, source_at
from app.ingest.items import Item, Problem, Skipped, Source
from app.ingest.parser import Parser
from app.ingest.records import MOST_FAULTS
from graph.knowledge.document import ParseError
from tests.pdf import line, pdf
from tests.word import docx, paragraph

MAX_BYTES = 2_000_000
GOOD = "# Hours\n\nOpen from nine to five.\n"
Files = dict[str, bytes]


def packed(files: dict[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o120777 << 16
    return entry


def lying_about_its_size() -> bytes:
    """A file that says it holds ten bytes and unpacks to ten million."""
    data = bytearray(packed({"a.md": b"x" * 10_000_000}))
    for at in (22, data.index(b"PK\x01\x02") + 24):
        data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def overlapping() -> bytes:
    """Two names for one and the same packed data."""
    data = bytearray(packed({"a.md": b"x" * 100_000, "b.md": b"x" * 100_000}))
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


def all_directory(files: int, *, says: int | None = None, long: bool = False, locates: int | None = None) -> bytes:
    """A zip that holds nothing but its directory. Its end says how many files that has, in either of its two forms.

    Args:
        says: another number of files than there are.
        long: the form for large archives.
        locates: another place of the long form's record than it has.
    """
    said = files if says is None else says
    fixed = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, *[0] * 7, len("000000.md"), *[0] * 6)
    directory = b"".join(fixed + b"%06d.md" % number for number in range(files))
    if not long:
        return directory + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, said, said, len(directory), 0, 0)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, said, said, len(directory), 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(directory) if locates is None else locates, 1)
    return directory + record + locator + b"PK\x05\x06" + b"\xff" * 16 + b"\x00\x00"


def wide_directory() -> bytes:
    """A zip whose directory takes far more room than its two files need."""
    size = 25_000_000
    return bytes(size) + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, size, 0, 0)


def bomb_pdf() -> bytes:
    """A page whose content unpacks to a gigabyte."""
    squeezer = zlib.compressobj(9)
    stream = b"".join(squeezer.compress(b" " * 1_000_000) for _ in range(1000)) + squeezer.flush()
    head = b"<< /Length %d >>\nstream\n" % len(b"HERE")
    packed_head = b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(stream)
    return pdf("HERE").replace(head + b"HERE", packed_head + stream)


def endless_pdf() -> bytes:
    """A tree of pages that leads back to its root."""
    return pdf(line("a", 60, 700)).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]")


def laughs(depth: int) -> str:
    entities = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, depth))
    return f'<!DOCTYPE w [<!ENTITY l0 "ha">{entities}]>'


HOSTILE = [
    pytest.param("a.pdf", lambda: b"%PDF-1.7\n" + b"\x00\xff" * 5000, "broken", id="PDF: noise"),
    pytest.param("a.pdf", lambda: pdf(line("a", 60, 700))[:200], "broken", id="PDF: cut off"),
    pytest.param("a.pdf", lambda: pdf(line("a", 60, 700), password="x"), "password", id="PDF: locked"),
    pytest.param("a.pdf", endless_pdf, r"broken|no text|nested", id="PDF: pages without end"),
    pytest.param("a.pdf", bomb_pdf, r"memory|broken|no text|LimitReached", id="PDF: unpacks to a gigabyte"),
    pytest.param("a.docx", lambda: docx(paragraph("&l8;"), declaration=laughs(9)), "entities", id="Word: laughs"),
    pytest.param("a.docx", lambda: docx("<w:p>" * 20_000 + "</w:p>" * 20_000), "nested|save it", id="Word: deep"),
    pytest.param(
        "a.docx", lambda: docx(paragraph("a"), extra={"x.bin": bytes(101_000_000)}), "unpacks", id="Word: bomb"
    ),
    pytest.param("a.docx", lambda: packed({"a.txt": b"text"}), "not a Word document", id="Word: another zip"),
    pytest.param("a.csv", lambda: b'a,b\n"' + b"x" * 1_500_000 + b'",c\n', "too large", id="CSV: one huge cell"),
    pytest.param("a.csv", lambda: b"a,b\n" + b"x" * 100_000_000, "larger", id="CSV: a hundred megabytes"),
    pytest.param("a.md", lambda: b"\x00\x01" * 500, "not text", id="Markdown: not text"),
]
HOSTILE_ARCHIVES = [
    pytest.param(lambda: packed({"../evil.md": b"# Evil"}), "../evil.md", "leads out", id="a way out"),
    pytest.param(lambda: packed({"/etc/evil.md": b"# Evil"}), "/etc/evil.md", "leads out", id="from the root"),
    pytest.param(lambda: packed({"..\\evil.md": b"# Evil"}), "..\\evil.md", "leads out", id="a way out of Windows"),
    pytest.param(lambda: packed({link("a.md"): b"/etc/passwd"}), "a.md", "Links", id="a link"),
    pytest.param(lambda: packed({"b.zip": packed({"c.md": b"# C"})}), "b.zip", "within", id="an archive in it"),
    pytest.param(lambda: packed({"a.md": bytes(100_000_000)}), "a.zip", "unpacks to", id="a bomb"),
    pytest.param(lambda: packed({"a.md": b" " * 3_000_000}), "a.md", "larger", id="a large file"),
    pytest.param(lying_about_its_size, "a.md", r"broken|larger", id="a bomb that says it is small"),
    pytest.param(overlapping, "a.zip", "over one another", id="files over one another"),
    pytest.param(lambda: b"PK\x03\x04" + b"\xff" * 500, "a.zip", "broken", id="noise"),
    pytest.param(lambda: all_directory(60_000), "a.zip", "holds 60000 files", id="too many files"),
    pytest.param(lambda: all_directory(400_000, long=True), "a.zip", "holds 400000 files", id="far too many files"),
    pytest.param(lambda: all_directory(60_000, says=1), "a.zip", "says that it holds fewer", id="files not told of"),
    pytest.param(
        lambda: all_directory(60_000, says=1, long=True), "a.zip", "says that it holds fewer", id="not told of, long"
    ),
    pytest.param(lambda: all_directory(3, long=True, locates=0), "a.zip", "broken", id="read in two ways"),
    pytest.param(wide_directory, "a.zip", "directory is larger", id="a huge directory"),
]
FORBIDDEN = [
    pytest.param("os.fork()", "BlockingIOError", id="another process"),
    pytest.param("os.posix_spawn('/bin/true', ['true'], {})", "BlockingIOError", id="another program"),
    pytest.param("threading.Thread(target=print).start()", "RuntimeError", id="a thread"),
    pytest.param("os.write(os.open(sys.argv[1], os.O_WRONLY), b'x')", "OSError|PermissionError", id="a file"),
    pytest.param("bytearray(2_000_000_000)", "MemoryError", id="memory"),
]


def read(source: Source, parser: Parser) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of a source's documents, and why the others were not read."""
    texts, reasons = {}, {}
    for item in source.items():
        match item:
            case Item():
                try:
                    document = parser.parse(item)
                    texts[item.path] = "\n".join(block.text for each in document.sections for block in each.blocks)
                except ParseError as error:
                    reasons[item.path] = str(error)
            case Problem() | Skipped():
                reasons[item.path] = item.reason
    return texts, reasons


@pytest.mark.parametrize(("name", "made", "reason"), HOSTILE)
def test_a_hostile_file_is_named_and_the_next_is_read(
    tmp_path: Path, name: str, made: Callable[[], bytes], reason: str
) -> None:
    (tmp_path / name).write_bytes(made())
    (tmp_path / "z.md").write_text(GOOD)

    with Parser(parse_s=30, memory_bytes=1_000_000_000) as parser:
        texts, reasons = read(source_at(tmp_path, (), Given(MAX_BYTES)), parser)

    assert texts == {"z.md": "Open from nine to five."}
    assert list(reasons) == [name]
    assert_matches(reasons[name], reason)


@pytest.mark.parametrize(("made", "name", "reason"), HOSTILE_ARCHIVES)
def test_a_hostile_archive_is_named_and_nothing_is_written(
    tmp_path: Path, made: Callable[[], bytes], name: str, reason: str
) -> None:
    (tmp_path / "a.zip").write_bytes(made())

    with Parser() as parser:
        texts, reasons = read(ArchiveSource(tmp_path / "a.zip", MAX_BYTES), parser)

    assert texts == {}
    assert list(reasons) == [name]
    assert_matches(reasons[name], reason)
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


def test_the_good_files_of_an_archive_are_read_beside_bad_ones(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(
        packed({"in/hours.md": GOOD.encode(), "../evil.md": b"# Evil", ".hidden.md": b"x"})
    )

    with Parser() as parser:
        texts, reasons = read(ArchiveSource(tmp_path / "a.zip", MAX_BYTES), parser)

    assert texts == {"in/hours.md": "Open from nine to five."}
    assert reasons == {"../evil.md": "The path leads out of the archive."}


def test_an_archive_with_far_too_many_files_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(all_directory(400_000, long=True))

    tracemalloc.start()
    found = list(ArchiveSource(tmp_path / "a.zip", MAX_BYTES).items())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(found) == 1
    assert peak < 1_000_000


def test_millions_of_bad_lines_in_a_small_archive_are_given_up(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed({"a.jsonl": b"x\n" * 500_000}))

    found = list(ArchiveSource(tmp_path / "a.zip", MAX_BYTES).items())

    assert len(found) == MOST_FAULTS + 2
    assert all(isinstance(each, Problem) and each.conceals == "a.jsonl/" for each in found)


@pytest.mark.parametrize(("tried", "refused"), FORBIDDEN)
def test_what_reads_documents_may_do_nothing_else(tmp_path: Path, tried: str, refused: str) -> None:
    file = tmp_path / "there.txt"
    file.write_text("")
    program = f"""
import os, sys, threading
from graph.knowledge.parse_program import limit
limit(1_000_000_000)
try:
    {tried}
    sys.stderr.write("nothing")
except BaseException as error:
    sys.stderr.write(type(error).__name__)
"""
    ran = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=False)

    assert_matches(ran.stderr, f"^(?:{refused})$")
    assert file.read_text() == ""


def test_scripts_of_pages_and_pdfs_are_neither_run_nor_kept(tmp_path: Path) -> None:
    page = "<main><p onclick='evil()'>Open.</p><script>evil()</script><svg onload='evil()'/></main>"
    (tmp_path / "a.html").write_text(page)
    (tmp_path / "b.pdf").write_bytes(pdf(line("Closed.", 60, 700), script="evil()"))
    (tmp_path / "c.html").write_text("<div>" * 100_000 + "Deep down." + "</div>" * 100_000)

    with Parser() as parser:
        texts, _ = read(source_at(tmp_path, (), Given(MAX_BYTES)), parser)

    assert texts == {"a.html": "Open.", "b.pdf": "Closed.", "c.html": "Deep down."}


def test_what_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    page = "\n".join(line("word " * 12, 60, 40 + 3 * at) for at in range(200))
    with Parser(parse_s=4) as parser:
        with pytest.raises(ParseError, match="took longer"):
            parser.parse(Item("a.pdf", "", pdf(*[page] * 1500), "a.pdf"))
        assert parser.parse(Item("b.md", "", GOOD.encode(), "b.md")).title == "Hours"


def test_what_takes_too_much_memory_is_given_up_and_the_next_is_read() -> None:
    wide = b"a,b\n" + b",".join([b"x"] * 5_000_000)
    with Parser(memory_bytes=300_000_000) as parser:
        with pytest.raises(ParseError, match="memory"):
            parser.parse(Item("a.csv", "", wide * 3, "a.csv"))
        assert parser.parse(Item("b.md", "", GOOD.encode(), "b.md")).title == "Hours"


def assert_matches(text: str, pattern: str) -> None:
    with pytest.raises(ParseError, match=pattern):
        raise ParseError(text)
