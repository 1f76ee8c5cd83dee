"""Files that were uploaded to a page of Chainlit's, read and removed."""

from chainlit.session import WebsocketSession

from app.attachments import MOST, read_text
from app.turn_request import AttachedText


def take_files(session: WebsocketSession, ids: list[str], *, largest_bytes: int) -> tuple[AttachedText, ...]:
    """Read the uploaded files of a session and remove them from the disk.

    Raises:
        AttachmentRefused: one of them cannot be read; they are removed all the same.
    """
    files = [session.files.pop(id_) for id_ in ids if id_ in session.files]
    try:
        return tuple(
            AttachedText(
                file["name"],
                file["type"],
                read_text(file["name"], file["path"].read_bytes(), largest_bytes=largest_bytes),
            )
            for file in files[:MOST]
        )
    finally:
        for file in files:
            file["path"].unlink(missing_ok=True)
