"""What a zip's directory holds, told by its end before anybody reads the directory itself.

`zipfile` reads the whole directory and makes an object of each entry, whatever the end says of their number. The layout
is that of PKWARE's APPNOTE 6.3.10, sections 4.3.12 to 4.3.16.
"""

import os
import struct
from typing import BinaryIO
from zipfile import BadZipFile

MOST_FILES = 50_000
MOST_DIRECTORY_BYTES = 20_000_000
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_LONG_END = struct.Struct("<4sQ2H2L4Q")
_LONGEST_COMMENT = 0xFFFF
_ENTRY = b"PK\x01\x02"


def directory_fault(file: BinaryIO) -> str | None:
    """Say what is wrong with a zip's directory; None if `zipfile` may read it.

    Takes the memory of the directory at most, and only if the archive's end says that it is within bounds.

    Raises:
        BadZipFile: it has no end, or one that can be read in two ways.
    """
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read()
    if tail[-_END.size :].startswith(b"PK\x05\x06") and tail.endswith(b"\x00\x00"):
        at = len(tail) - _END.size
    else:
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise BadZipFile
    *_, files, length, _, _ = _END.unpack_from(tail, at)
    end = start + at
    long_end = _long_end(file, end)
    if long_end is not None:
        end, files, length = long_end
    if files > MOST_FILES:
        return f"The archive holds {files} files; pack at most {MOST_FILES} in one."
    if length > MOST_DIRECTORY_BYTES:
        most = MOST_DIRECTORY_BYTES / 1e6
        return f"The archive's directory is larger ({length / 1e6:.0f} MB) than {most:.0f} MB; pack fewer files in one."
    if length > end:
        raise BadZipFile
    file.seek(end - length)
    if file.read(length).count(_ENTRY) > MOST_FILES:
        return f"The archive holds more than {MOST_FILES} files, and says that it holds fewer."
    return None


def _long_end(file: BinaryIO, end: int) -> tuple[int, int, int] | None:
    """Of an archive in the form for large ones: where its directory ends, its files, and the directory's length.

    The record must stand right before its locator, as it does in all that is not made to be read in two ways.
    """
    place = end - _LOCATOR.size
    if place < 0:
        return None
    file.seek(place)
    signature, _, told, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if signature != b"PK\x06\x07":
        return None
    before = place - _LONG_END.size
    if before < 0 or told != before:
        raise BadZipFile
    file.seek(before)
    signature, *_, files, length, _ = _LONG_END.unpack(file.read(_LONG_END.size))
    if signature != b"PK\x06\x06":
        raise BadZipFile
    return before, files, length
