"""What a page's handler raises where it shows no page of its own."""

from http import HTTPStatus


class Elsewhere(Exception):
    """The browser is to go to another page."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class NotShown(Exception):
    """There is no page to show but one that says why, in one sentence."""

    def __init__(self, status: HTTPStatus, title: str, sentence: str) -> None:
        super().__init__(title)
        self.status, self.title, self.sentence = status, title, sentence


def not_found() -> NotShown:
    """The refusal of what does not exist, or is not theirs: nobody learns which."""
    return NotShown(HTTPStatus.NOT_FOUND, "Not found", "There is no such page, or it is not one of yours.")
