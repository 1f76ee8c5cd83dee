"""From bytes to text, refusing what is not text."""

import codecs
import re

from graph.knowledge.document import ParseError

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w-]{2,40})", re.IGNORECASE)
_HEAD_BYTES = 4096
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_MOST_CONTROL = 0.005


def decode_text(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 that says so by its mark.

    Raises:
        ParseError: it is not text.
    """
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return _readable(data.decode(encoding))
    except UnicodeDecodeError:
        raise ParseError("The file is not UTF-8 text; save it as UTF-8 or give it the right suffix.") from None


def decode_html(data: bytes) -> str:
    """Decode a page: UTF-8 or, where it is not, the character set that the page declares.

    Raises:
        ParseError: it is not text.
    """
    try:
        return decode_text(data)
    except ParseError:
        declared = _DECLARED.search(data[:_HEAD_BYTES])
        if declared is None:
            raise
        try:
            return _readable(data.decode(declared[1].decode("ascii")))
        except (LookupError, UnicodeDecodeError):
            raise ParseError("The page is not in the character set that it declares.") from None


def _readable(text: str) -> str:
    controls = len(_CONTROL.findall(text))
    if "\x00" in text or controls > _MOST_CONTROL * len(text):
        raise ParseError("The file is not text; give it the suffix of what it is.")
    return _CONTROL.sub("", text)
