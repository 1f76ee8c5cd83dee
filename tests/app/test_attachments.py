"""Which files are read."""

import pytest

from app.attachments import read_text
from graph.errors import AttachmentRefused


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [("a.txt", "Grüße".encode(), "Grüße"), ("A.MD", b"\xef\xbb\xbfmarked", "marked"), ("t.csv", b"a,b", "a,b")],
)
def test_text_is_read(name: str, content: bytes, text: str) -> None:
    assert read_text(name, content, largest_bytes=100) == text


@pytest.mark.parametrize(
    ("name", "content", "limit", "sentence"),
    [
        pytest.param("a.txt", b"x" * 101, 100, "larger than 100 bytes", id="too large"),
        pytest.param("a.txt", b"x", 0, "cannot be attached", id="switched off"),
        pytest.param("a.txt", b"", 100, "is empty", id="empty"),
        pytest.param("a.txt", b"a\0b", 100, "not a text file", id="binary"),
        pytest.param("a.txt", b"\xff\xfe\xfd", 100, "not a text file", id="another encoding"),
        pytest.param("a.pdf", b"text", 100, "cannot be read here", id="another kind"),
    ],
)
def test_the_rest_is_refused_in_a_sentence(name: str, content: bytes, limit: int, sentence: str) -> None:
    with pytest.raises(AttachmentRefused, match=sentence):
        read_text(name, content, largest_bytes=limit)
